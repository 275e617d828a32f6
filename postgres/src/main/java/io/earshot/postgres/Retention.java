package io.earshot.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Deletes old messages, a few in each transaction, on one server at a time.
 *
 * <p>Thread-safe: one virtual thread deletes; the count is atomic.
 */
final class Retention implements AutoCloseable {
  /** How many rows one transaction deletes. */
  private static final int STEP = 1_000;

  /** The pause between two transactions, while there are old messages, in milliseconds. */
  private static final long BETWEEN = 50;

  private static final Duration LEAST = Duration.ofSeconds(1);
  private static final Duration MOST = Duration.ofMinutes(1);

  private static final String LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0))";

  private static final String DELETE =
      """
      DELETE FROM earshot.messages WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM earshot.messages
        WHERE sent_at < now() - ? * interval '1 millisecond' ORDER BY sent_at LIMIT ?))
      """;

  private final Database database;
  private final Link link;
  private final Duration keep;
  private final AtomicLong deleted = new AtomicLong();
  private final Thread thread = Thread.ofVirtual().name("postgres retention").unstarted(this::run);

  /**
   * A retention that has not begun.
   *
   * @param keep how long messages are kept; zero for ever
   */
  Retention(Database database, Link link, Duration keep) {
    this.database = database;
    this.link = link;
    this.keep = keep;
  }

  void start() {
    if (!keep.isZero()) {
      thread.start();
    }
  }

  /** How many messages this server has deleted since its start. */
  long deleted() {
    return deleted.get();
  }

  private void run() {
    Duration tenth = keep.dividedBy(10);
    long every =
        (tenth.compareTo(LEAST) < 0 ? LEAST : tenth.compareTo(MOST) > 0 ? MOST : tenth).toMillis();
    try {
      while (true) {
        var unused = link.await();
        link.pause(deleteSome() == STEP ? BETWEEN : every);
      }
    } catch (InterruptedException e) {
      // the server stops
    }
  }

  private int deleteSome() {
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      try {
        int count = isOurTurn(connection) ? delete(connection) : 0;
        connection.commit();
        deleted.addAndGet(count);
        return count;
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      }
    } catch (SQLException e) {
      link.failed("old messages cannot be deleted", e);
      return 0;
    }
  }

  private boolean isOurTurn(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LOCK)) {
      statement.setString(1, link.lockName("retention"));
      try (ResultSet row = statement.executeQuery()) {
        return row.next() && row.getBoolean(1);
      }
    }
  }

  private int delete(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(database.sql(DELETE))) {
      statement.setLong(1, keep.toMillis());
      statement.setInt(2, STEP);
      return statement.executeUpdate();
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
