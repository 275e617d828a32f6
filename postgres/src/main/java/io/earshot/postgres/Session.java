package io.earshot.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * A session of the database that holds locks: they end with it, so another server can take them
 * over when this one dies. If the server's machine dies, or its process hangs, the database itself
 * ends the session after a while.
 *
 * <p>Thread-safe: a lock, one statement at a time.
 */
final class Session implements AutoCloseable {
  /** The database notices a dead machine after some 20 s, and a process that hangs after 60 s. */
  private static final String WATCH =
      "SELECT set_config('tcp_keepalives_idle', '10', false),"
          + " set_config('tcp_keepalives_interval', '3', false),"
          + " set_config('tcp_keepalives_count', '3', false),"
          + " set_config('tcp_user_timeout', '20000', false)";

  private static final String END_IDLE = "SET idle_session_timeout = '60s'"; // PostgreSQL 14

  private static final int FIRST_WITH_IDLE = 14;

  private final Connection connection;
  private final ReentrantLock lock = new ReentrantLock(true);

  /** Work with the connection. */
  interface Work<T extends @Nullable Object> {
    T with(Connection connection) throws SQLException;
  }

  Session(Connection connection) throws SQLException {
    this.connection = connection;
    try (Statement statement = connection.createStatement()) {
      statement.execute(WATCH);
      if (connection.getMetaData().getDatabaseMajorVersion() >= FIRST_WITH_IDLE) {
        statement.execute(END_IDLE);
      }
    }
  }

  /** Runs statements, each of which commits by itself. */
  <T extends @Nullable Object> T run(Work<T> work) throws SQLException {
    lock.lock();
    try {
      return work.with(connection);
    } finally {
      lock.unlock();
    }
  }

  /** Runs statements that commit together. */
  <T extends @Nullable Object> T transact(Work<T> work) throws SQLException {
    return run(
        same -> {
          same.setAutoCommit(false);
          try {
            T result = work.with(same);
            same.commit();
            return result;
          } catch (SQLException | RuntimeException e) {
            if (!same.isClosed()) {
              same.rollback();
            }
            throw e;
          } finally {
            if (!same.isClosed()) {
              same.setAutoCommit(true);
            }
          }
        });
  }

  /** Whether the session still exists, as far as this server has noticed. */
  boolean isOpen() {
    try {
      return !connection.isClosed();
    } catch (SQLException e) {
      return false;
    }
  }

  /** Asks the database for an answer. */
  void ping() throws SQLException {
    run(
        same -> {
          try (Statement statement = same.createStatement()) {
            return statement.execute("SELECT 1");
          }
        });
  }

  /** Calls a function about an advisory lock of this session. */
  boolean lock(String function, String name) throws SQLException {
    return run(
        same -> {
          try (PreparedStatement call =
              same.prepareStatement("SELECT " + function + "(hashtextextended(?, 0))::text")) {
            call.setString(1, name);
            try (ResultSet row = call.executeQuery()) {
              row.next();
              return !"false".equals(row.getString(1));
            }
          }
        });
  }

  /** Waits for a notification that this session listens to; returns early if one came. */
  void awaitNotification(Duration most) throws SQLException {
    run(same -> same.unwrap(PGConnection.class).getNotifications((int) most.toMillis()));
  }

  /** Ends the session, and with it its locks. */
  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      // it has ended anyway
    }
  }
}
