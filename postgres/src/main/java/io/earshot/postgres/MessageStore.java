package io.earshot.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.spi.ExtensionContext;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes the messages that the feed tells of. Events that come again find their row there. While
 * the database is away, the events wait in the feed: this consumer does not return before they are
 * written.
 *
 * <p>Thread-safe: counts are atomic. The feed calls it on a virtual thread for each part of the
 * rooms.
 */
final class MessageStore implements Feed.Handler {
  /** The most events in one call. */
  static final int MOST = 500;

  /** The most bytes of messages in one statement; a single longer message is written alone. */
  private static final int MOST_BYTES = 4 << 20;

  private static final long FIRST_PAUSE = 100;
  private static final long LONGEST_PAUSE = 5_000;

  private static final String INSERT =
      """
      INSERT INTO earshot.messages (room, epoch, "offset", sent_at, sender, user_id, user_info,
        message, raw, audience, bytes)
      SELECT room, epoch, at, 'epoch'::timestamptz + sent_at * interval '1 millisecond', sender,
        user_id, user_info::jsonb, message::jsonb, raw::json, audience::jsonb, bytes
      FROM unnest(?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::text[], ?::text[], ?::text[],
        ?::text[], ?::text[], ?::text[], ?::integer[]) WITH ORDINALITY
        AS t (room, epoch, at, sent_at, sender, user_id, user_info, message, raw, audience,
          bytes, n)
      ORDER BY n
      ON CONFLICT (room, epoch, "offset") DO NOTHING
      """;

  private static final String BURY =
      """
      INSERT INTO earshot.messages_dead (room, epoch, "offset", told, reason)
      VALUES (?, ?, ?, ?, ?) ON CONFLICT (room, epoch, "offset") DO NOTHING
      """;

  private final Database database;
  private final Link link;
  private final ExtensionContext context;
  private final Semaphore writers;
  private final String insert;
  private final String bury;
  private final AtomicLong stored = new AtomicLong();
  private final AtomicLong dead = new AtomicLong();
  private final AtomicInteger waiting = new AtomicInteger();

  /** When the last call ended, by the clock of durations; the time of the start before that. */
  private final AtomicLong idleSince = new AtomicLong(System.nanoTime());

  MessageStore(Database database, Link link, ExtensionContext context) {
    this.database = database;
    this.link = link;
    this.context = context;
    this.writers = new Semaphore(Math.max(1, database.poolSize() - 1));
    this.insert = database.sql(INSERT);
    this.bury = database.sql(BURY);
  }

  /** How many messages this server has written since its start. */
  long stored() {
    return stored.get();
  }

  /** How many messages PostgreSQL has refused since the start. */
  long dead() {
    return dead.get();
  }

  /** How many messages the feed has given, and are not written yet. */
  long waiting() {
    return waiting.get();
  }

  /** How long the feed has given no messages, in nanoseconds; 0 while it does. */
  long idle() {
    return waiting.get() > 0 ? 0 : System.nanoTime() - idleSince.get();
  }

  @Override
  public void handle(List<FeedEvent> events) throws InterruptedException {
    waiting.addAndGet(events.size());
    try {
      for (List<MessageRow> rows : parts(events)) {
        write(rows);
      }
    } finally {
      waiting.addAndGet(-events.size());
      idleSince.set(System.nanoTime());
    }
  }

  /** The rows of the events, in statements of a bounded size. */
  private List<List<MessageRow>> parts(List<FeedEvent> events) {
    var parts = new ArrayList<List<MessageRow>>();
    var rows = new ArrayList<MessageRow>();
    long bytes = 0;
    for (FeedEvent event : events) {
      MessageRow row;
      try {
        row = MessageRow.of(event);
      } catch (RuntimeException e) {
        dead.incrementAndGet();
        context.problem(Link.NAME, "a message is not stored: " + e.getMessage());
        continue;
      }
      if (!rows.isEmpty() && bytes + row.bytes() > MOST_BYTES) {
        parts.add(rows);
        rows = new ArrayList<>();
        bytes = 0;
      }
      rows.add(row);
      bytes += row.bytes();
    }
    if (!rows.isEmpty()) {
      parts.add(rows);
    }
    return parts;
  }

  /** Writes rows, however long that takes. */
  private void write(List<MessageRow> rows) throws InterruptedException {
    long pause = FIRST_PAUSE;
    while (true) {
      var unused = link.await();
      writers.acquire();
      try (Connection connection = database.connect()) {
        writeAll(connection, rows);
        return;
      } catch (SQLException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw new InterruptedException();
        }
        link.failed("messages are not stored yet", e);
      } finally {
        writers.release();
      }
      link.pause(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    }
  }

  private void writeAll(Connection connection, List<MessageRow> rows) throws SQLException {
    try {
      stored.addAndGet(insert(connection, rows));
    } catch (SQLException e) {
      if (!Failures.isOfData(e)) {
        throw e;
      }
      if (rows.size() == 1) {
        bury(connection, rows.getFirst(), e);
      } else {
        for (MessageRow row : rows) {
          writeAll(connection, List.of(row));
        }
      }
    }
  }

  private int insert(Connection connection, List<MessageRow> rows) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(insert)) {
      int column = 1;
      column = set(statement, column, "text", rows, MessageRow::room);
      column = set(statement, column, "text", rows, MessageRow::epoch);
      column = set(statement, column, "bigint", rows, MessageRow::offset);
      column = set(statement, column, "bigint", rows, MessageRow::sentAt);
      column = set(statement, column, "text", rows, MessageRow::sender);
      column = set(statement, column, "text", rows, MessageRow::userId);
      column = set(statement, column, "text", rows, MessageRow::user);
      column = set(statement, column, "text", rows, MessageRow::message);
      column = set(statement, column, "text", rows, MessageRow::raw);
      column = set(statement, column, "text", rows, MessageRow::audience);
      set(statement, column, "integer", rows, MessageRow::bytes);
      return statement.executeUpdate();
    }
  }

  private static int set(
      PreparedStatement statement,
      int column,
      String type,
      List<MessageRow> rows,
      Function<MessageRow, @Nullable Object> value)
      throws SQLException {
    Array array = statement.getConnection().createArrayOf(type, rows.stream().map(value).toArray());
    statement.setArray(column, array);
    return column + 1;
  }

  private void bury(Connection connection, MessageRow row, SQLException why) throws SQLException {
    String told = row.raw() == null ? row.message() : row.raw();
    try (PreparedStatement statement = connection.prepareStatement(bury)) {
      statement.setString(1, row.room());
      statement.setString(2, row.epoch());
      statement.setLong(3, row.offset());
      statement.setBytes(4, told.getBytes(UTF_8));
      statement.setString(5, Failures.explain(why));
      statement.executeUpdate();
    }
    dead.incrementAndGet();
    context.problem(
        Link.NAME,
        "a message is in messages_dead, since it cannot be stored: " + Failures.explain(why));
  }
}
