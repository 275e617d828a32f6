package io.earshot.bench.cell;

import static io.earshot.bench.load.Transport.TCP;
import static io.earshot.bench.load.Transport.WEBSOCKET;

import io.earshot.bench.load.Population;
import io.earshot.bench.load.Traffic;
import io.earshot.bench.metric.Metric;
import java.util.List;

/** The loads by which servers are compared. */
public final class Cells {
  private static final Population BUSY_ROOM = new Population(1000, 1, 10);
  private static final int SIZE = 128;
  private static final double SPARSE = 500;

  private Cells() {}

  /** All loads, in the order of tables. */
  public static List<Cell> all() {
    return List.of(
        new Cell(
            "W1",
            "top throughput of one busy room: 1,000 connections, 10 publishers, 10 messages of 128 bytes in flight",
            WEBSOCKET,
            BUSY_ROOM,
            Traffic.closed(SIZE, 10),
            Metric.DELIVERIES),
        new Cell(
            "W1x",
            "the same with 100 messages in flight: does the server hold under a burst",
            WEBSOCKET,
            BUSY_ROOM,
            Traffic.closed(SIZE, 100),
            Metric.DELIVERIES),
        new Cell(
            "W1r",
            "the same at 50 messages a second: cost and latency when nothing can be merged",
            WEBSOCKET,
            BUSY_ROOM,
            Traffic.open(SIZE, 50),
            Metric.CPU),
        new Cell(
            "W2-1k",
            "1,000 connections in 100 rooms, 500 messages a second in all",
            WEBSOCKET,
            new Population(1000, 100, 2),
            Traffic.open(SIZE, SPARSE),
            Metric.CPU),
        new Cell(
            "W2-10k",
            "10,000 connections in 1,000 rooms at the same rate: does a message cost more when the server is fuller",
            WEBSOCKET,
            new Population(10_000, 1000, 2),
            Traffic.open(SIZE, SPARSE),
            Metric.CPU),
        new Cell(
            "W3",
            "19,500 idle connections in 1,950 rooms: server memory for each",
            WEBSOCKET,
            new Population(19_500, 1950, 0),
            null,
            Metric.PER_CONNECTION),
        new Cell(
            "W4",
            "W1 over lines of TCP",
            TCP,
            BUSY_ROOM,
            Traffic.closed(SIZE, 10),
            Metric.DELIVERIES));
  }

  /** The load with fewer clients and a shorter time. Its results are not meaningful. */
  public static Cell quick(Cell cell) {
    Population population = cell.population();
    // A point of a curve keeps its clients.
    if (population.connections() > 2000 && !cell.isPoint()) {
      population =
          new Population(
              2000,
              Math.max(1, population.rooms() / 10),
              population.publishers(),
              population.listening());
    }
    return cell.with(population, cell.traffic()).lasting(1, 1);
  }
}
