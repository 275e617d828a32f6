package io.earshot.bench;

import static io.earshot.bench.Transport.TCP;
import static io.earshot.bench.Transport.WEBSOCKET;

import java.util.List;

/** The loads, each in one place. */
final class Cells {
  private static final Crowd BUSY_ROOM = new Crowd(1000, 1, 10);
  private static final int SIZE = 128;
  private static final double SPARSE = 500;

  private Cells() {}

  /** What servers are compared by. */
  static List<Cell> all() {
    return List.of(
        new Cell(
            "W1",
            "top throughput of one busy room: 1,000 connections, 10 publishers, 10 messages of 128 bytes under way",
            WEBSOCKET,
            BUSY_ROOM,
            Talk.closed(SIZE, 10),
            Figure.DELIVERIES),
        new Cell(
            "W1x",
            "the same with 100 messages under way: does it hold under a burst",
            WEBSOCKET,
            BUSY_ROOM,
            Talk.closed(SIZE, 100),
            Figure.DELIVERIES),
        new Cell(
            "W1r",
            "the same at 50 messages a second: cost and latency when nothing can be merged",
            WEBSOCKET,
            BUSY_ROOM,
            Talk.open(SIZE, 50),
            Figure.CPU),
        new Cell(
            "W2-1k",
            "1,000 connections in 100 rooms, 500 messages a second in all",
            WEBSOCKET,
            new Crowd(1000, 100, 2),
            Talk.open(SIZE, SPARSE),
            Figure.CPU),
        new Cell(
            "W2-10k",
            "10,000 connections in 1,000 rooms at the same rate: does a message cost more when the server is fuller",
            WEBSOCKET,
            new Crowd(10_000, 1000, 2),
            Talk.open(SIZE, SPARSE),
            Figure.CPU),
        new Cell(
            "W3",
            "19,500 idle connections in 1,950 rooms: server memory for each",
            WEBSOCKET,
            new Crowd(19_500, 1950, 0),
            null,
            Figure.PER_CONNECTION),
        new Cell(
            "W4",
            "W1 over lines of TCP",
            TCP,
            BUSY_ROOM,
            Talk.closed(SIZE, 10),
            Figure.DELIVERIES));
  }

  /** The same for a quick look: less of all, and not to be quoted. */
  static Cell quick(Cell cell) {
    Crowd crowd = cell.crowd();
    // A point of a curve is what it is.
    if (crowd.connections() > 2000 && !cell.isPoint()) {
      crowd =
          new Crowd(2000, Math.max(1, crowd.rooms() / 10), crowd.publishers(), crowd.listening());
    }
    return cell.with(crowd, cell.talk()).lasting(1, 1);
  }
}
