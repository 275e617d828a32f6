package io.earshot.bench.cell;

import static io.earshot.bench.work.Transport.DEFLATE;
import static io.earshot.bench.work.Transport.TCP;
import static io.earshot.bench.work.Transport.TLS;
import static io.earshot.bench.work.Transport.WEBSOCKET;
import static io.earshot.bench.work.Transport.WSS;

import io.earshot.bench.metric.Metric;
import io.earshot.bench.work.Connects;
import io.earshot.bench.work.Handshakes;
import io.earshot.bench.work.Idle;
import io.earshot.bench.work.Population;
import io.earshot.bench.work.Traffic;
import io.earshot.bench.work.Work;
import java.util.List;

/** The loads by which servers are compared. */
public final class Cells {
  /** The names of the servers that others are compared with. */
  static final String BARE = "bare";

  private static final String BARE_WITH_ANSWERS = "bare-ack";
  private static final String TLS_PROXY = "haproxy";
  private static final String TLS_ALONE = "openssl";

  private static final Population BUSY_ROOM = new Population(1000, 1, 10);
  private static final int SIZE = 128;
  private static final int CHAT_SIZE = 300;
  private static final double SPARSE = 500;
  private static final Traffic BUSY = Traffic.closed(SIZE, 10);
  private static final Traffic SEPARATE = Traffic.open(SIZE, 50);

  /** The handshakes that a server makes at the same time. */
  private static final Population AT_ONCE = new Population(16, 1, 0);

  private static final double HANDSHAKE_WARM = 8;

  private static final int MOST_QUICK = 2000;

  private Cells() {}

  /** All loads, in the order of tables. */
  public static List<Cell> all() {
    return List.of(
        busy(
            "W1",
            "top throughput of one busy room: 1,000 connections, 10 publishers, 10 messages of 128 bytes in flight",
            BUSY),
        busy("W1-cold", "W1 in the first 3 seconds of the server, without a warm-up", BUSY.cold()),
        busy(
            "W1x",
            "W1 with 100 messages in flight: does the server hold under a burst",
            Traffic.closed(SIZE, 100)),
        new Cell(
            "W1r",
            "W1 at 50 messages a second: cost and latency when nothing can be merged",
            WEBSOCKET,
            BUSY_ROOM,
            SEPARATE,
            Metric.CPU,
            BARE),
        new Cell(
            "W1r-cold",
            "W1r in the first 3 seconds of the server, without a warm-up",
            WEBSOCKET,
            BUSY_ROOM,
            SEPARATE.cold(),
            Metric.CPU,
            BARE),
        sparse(
            "W2-1k",
            "1,000 connections in 100 rooms, 500 messages a second in all",
            new Population(1000, 100, 2),
            Traffic.open(SIZE, SPARSE)),
        sparse(
            "W2-10k",
            "10,000 connections in 1,000 rooms at the same rate: does a message cost more when the server is fuller",
            new Population(10_000, 1000, 2),
            Traffic.open(SIZE, SPARSE)),
        sparse(
            "pairs",
            "500 rooms of 2, in each 1 publisher with 1 message of 128 bytes in flight",
            new Population(1000, 500, 1),
            Traffic.closed(SIZE, 1)),
        sparse(
            "tens",
            "100 rooms of 10, in each 2 publishers with 2 messages of 128 bytes in flight",
            new Population(1000, 100, 2),
            Traffic.closed(SIZE, 2)),
        new Cell(
            "connects",
            "5,000 clients connect, join rooms of ten and disconnect, three times, 128 at the same time; the first time is cold",
            WEBSOCKET,
            new Population(5000, 500, 0),
            new Connects(3),
            Metric.CONNECTED,
            BARE),
        new Cell(
            "W3",
            "19,500 idle connections in 1,950 rooms: server memory for each",
            WEBSOCKET,
            new Population(19_500, 1950, 0),
            new Idle(),
            Metric.PER_CONNECTION,
            BARE),
        new Cell("W4", "W1 over lines of TCP", TCP, BUSY_ROOM, BUSY, Metric.DELIVERIES, BARE),
        new Cell("W1-tls", "W1 over TLS 1.3", WSS, BUSY_ROOM, BUSY, Metric.CPU, TLS_PROXY),
        new Cell("W1r-tls", "W1r over TLS 1.3", WSS, BUSY_ROOM, SEPARATE, Metric.CPU, TLS_PROXY),
        handshakes(
            "handshakes",
            "full TLS 1.3 handshakes with an EC P-256 certificate, 16 at the same time; cold: the first 2 seconds",
            false),
        handshakes("handshakes-resumed", "the same with resumed sessions", true),
        new Cell(
            "W3-tls",
            "3,000 idle connections over TLS 1.3 in 300 rooms: server memory for each",
            WSS,
            new Population(3000, 300, 0),
            new Idle(),
            Metric.PER_CONNECTION,
            TLS_PROXY),
        new Cell(
            "W1r-deflate",
            "the same room with permessage-deflate at 10 messages of 300 bytes a second, which are text like chat",
            DEFLATE,
            BUSY_ROOM,
            Traffic.open(CHAT_SIZE, 10),
            Metric.CPU,
            BARE));
  }

  private static Cell busy(String name, String about, Traffic traffic) {
    return new Cell(name, about, WEBSOCKET, BUSY_ROOM, traffic, Metric.DELIVERIES, BARE);
  }

  /** Small rooms, in which the answers to publishers are a notable part of the work. */
  private static Cell sparse(String name, String about, Population population, Traffic traffic) {
    return new Cell(name, about, WEBSOCKET, population, traffic, Metric.CPU, BARE_WITH_ANSWERS);
  }

  private static Cell handshakes(String name, String about, boolean resumed) {
    return new Cell(
        name,
        about,
        TLS,
        AT_ONCE,
        new Handshakes(resumed, HANDSHAKE_WARM, 4),
        Metric.CONNECT_CPU,
        TLS_ALONE);
  }

  /** The load with fewer clients and a shorter time. Its results are not meaningful. */
  public static Cell quick(Cell cell) {
    Population population = cell.population();
    // A point of a curve keeps its clients.
    if (population.connections() > MOST_QUICK && !cell.isPoint()) {
      population =
          new Population(
              MOST_QUICK,
              Math.max(1, population.rooms() * MOST_QUICK / population.connections()),
              population.publishers(),
              population.listening());
    }
    Work work =
        cell.work() instanceof Handshakes handshakes
            ? new Handshakes(handshakes.resumed(), 1, 1)
            : cell.work();
    return cell.with(population, work).lasting(1, 1);
  }

  /** A load of the same kind that lets the JIT compile the generator's code for it. */
  public static Cell warmUp(Cell cell) {
    return cell.work() instanceof Traffic
        ? cell.with(new Population(500, 1, 5), Traffic.closed(SIZE, 50).lasting(1, 2))
        : quick(cell);
  }
}
