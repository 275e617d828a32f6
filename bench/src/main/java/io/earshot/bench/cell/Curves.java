package io.earshot.bench.cell;

import static io.earshot.bench.work.Transport.WEBSOCKET;

import io.earshot.bench.metric.Metric;
import io.earshot.bench.work.Population;
import io.earshot.bench.work.Traffic;
import java.util.ArrayList;
import java.util.List;

/** The loads that show how the cost of a delivery grows with one quantity. */
public final class Curves {
  /** Deliveries a second in all: few enough that the server merges none. */
  private static final double DELIVERIES = 20_000;

  private static final int SIZE = 128;

  private Curves() {}

  public static List<Cell> all() {
    var cells = new ArrayList<Cell>();
    for (int members : new int[] {2, 10, 100, 1000, 10_000}) {
      cells.add(
          point(
              "room-size",
              members,
              "members of the one room; 20,000 deliveries a second in all",
              new Population(members, 1, Math.min(10, members)),
              Traffic.open(SIZE, DELIVERIES / (members - 1)),
              List.of("limits.messagesPerSecond=0")));
    }
    for (int listening : new int[] {0, 1, 10, 100, 1000}) {
      cells.add(
          point(
              "rooms",
              1 + 100.0 * listening,
              "rooms, of which one has 100 members and 20,000 deliveries a second, and each other"
                  + " one silent listener",
              new Population(100, 1, 10, listening),
              Traffic.open(SIZE, DELIVERIES / 99),
              List.of("limits.listeningRooms=1000")));
    }
    for (int size : new int[] {Traffic.LEAST_SIZE, 64, 256, 1024, 4096, 16_384, 65_536}) {
      cells.add(
          point(
              "message-size",
              size,
              "bytes of a message; 100 members, 50 messages a second",
              new Population(100, 1, 10),
              Traffic.open(size, 50),
              List.of("webSockets.maxMessageLength=262144")));
    }
    for (int loops : new int[] {1, 2}) {
      cells.add(
          new Cell(
              "event-loops",
              loops,
              "event loops, each with a core if there are enough; 1,000 connections in 10 rooms,"
                  + " 10 messages of each in flight",
              WEBSOCKET,
              new Population(1000, 10, 2),
              Traffic.closed(SIZE, 10),
              Metric.SCHEDULED,
              Cells.BARE,
              List.of(),
              loops));
    }
    return List.copyOf(cells);
  }

  private static Cell point(
      String name,
      double at,
      String about,
      Population population,
      Traffic traffic,
      List<String> settings) {
    return new Cell(
        name, at, about, WEBSOCKET, population, traffic, Metric.SCHEDULED, Cells.BARE, settings, 1);
  }
}
