package io.earshot.postgres;

import io.earshot.config.Glob;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.RoomName;
import io.earshot.spi.Archive;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Reads messages of the table {@code messages}, each question on a virtual thread of its own. A few
 * questions are asked at a time, and a bounded number waits for that, for a bounded time.
 *
 * <p>Thread-safe: atomic counts, a semaphore, and a synchronized map.
 */
final class DatabaseArchive implements Archive {
  /** How many questions may wait; beyond that they fail at once. */
  private static final int MOST_WAITING = 1_000;

  /** How long a question waits for its turn, in milliseconds. */
  private static final long TURN = 2_000;

  /** How long a question waits for messages that are about to be written, in milliseconds. */
  private static final long LAG = 1_000;

  private static final long LOOK = 20;

  /** How many rooms are remembered for which that wait was in vain. */
  private static final int MOST_VAIN = 1_000;

  private static final String LAST =
      """
      SELECT max("offset") FROM earshot.messages WHERE room = ? AND epoch = ?
      """;

  /**
   * The rows before a place. Within an epoch they are ordered by their offsets, since servers of a
   * cluster may write them in another order; an epoch's place among the others is the id of its
   * first row. Older epochs are looked for only if the place's own has too few rows. If that has no
   * row: all rows, if it is the room's present one; else none.
   */
  private static final String PAGE =
      """
      WITH RECURSIVE asked AS MATERIALIZED (
        SELECT ?::text AS room, ?::text AS epoch, ?::bigint AS at, ?::bigint AS otherwise,
          ?::integer AS most),
      own AS MATERIALIZED (
        SELECT m.epoch, m."offset", m.bytes
        FROM asked CROSS JOIN LATERAL (
          SELECT epoch, "offset", bytes FROM earshot.messages
          WHERE room = asked.room AND epoch = asked.epoch AND "offset" < asked.at
            AND audience IS NULL
          ORDER BY "offset" DESC LIMIT asked.most) AS m),
      epochs (epoch, id) AS (
        SELECT m.epoch, m.id
        FROM asked CROSS JOIN LATERAL (
          SELECT epoch, id FROM earshot.messages
          WHERE room = asked.room AND audience IS NULL
          ORDER BY epoch, "offset" LIMIT 1) AS m
        WHERE (SELECT count(*) FROM own) < asked.most
        UNION ALL
        SELECT m.epoch, m.id
        FROM epochs CROSS JOIN asked CROSS JOIN LATERAL (
          SELECT epoch, id FROM earshot.messages
          WHERE room = asked.room AND epoch > epochs.epoch AND audience IS NULL
          ORDER BY epoch, "offset" LIMIT 1) AS m),
      older AS (
        SELECT e.id, m.epoch, m."offset", m.bytes
        FROM asked CROSS JOIN LATERAL (
          SELECT epochs.epoch, epochs.id FROM epochs
          WHERE epochs.epoch <> asked.epoch AND epochs.id < coalesce(
            (SELECT id FROM earshot.messages
              WHERE room = asked.room AND epoch = asked.epoch ORDER BY "offset" LIMIT 1),
            asked.otherwise)
          ORDER BY epochs.id DESC LIMIT asked.most) AS e
        CROSS JOIN LATERAL (
          SELECT epoch, "offset", bytes FROM earshot.messages
          WHERE room = asked.room AND epoch = e.epoch AND audience IS NULL
          ORDER BY "offset" DESC LIMIT asked.most) AS m
        ORDER BY e.id DESC, m."offset" DESC LIMIT (SELECT most FROM asked)),
      page AS (
        SELECT epoch, "offset", sum(bytes + 1) OVER (ORDER BY id DESC, "offset" DESC) AS size,
          row_number() OVER (ORDER BY id DESC, "offset" DESC) AS n
        FROM (
          SELECT 9223372036854775807 AS id, own.* FROM own UNION ALL SELECT * FROM older) AS found)
      SELECT n, (SELECT count(*) FROM page) AS found, %s
      FROM page JOIN earshot.messages AS m
        ON m.room = ? AND m.epoch = page.epoch AND m."offset" = page."offset"
      WHERE n <= ? AND (size <= ? OR n = 1)
      ORDER BY n
      """
          .formatted(MessageRow.COLUMNS);

  private final Database database;
  private final Link link;
  private final List<Glob> rooms;
  private final Semaphore readers;
  private final String last;
  private final String page;
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong failures = new AtomicLong();

  /** By room and epoch, the offset for which a wait was in vain: it is not in the table. */
  private final Map<String, Long> vain =
      Collections.synchronizedMap(
          new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
              return size() > MOST_VAIN;
            }
          });

  DatabaseArchive(Database database, Link link, List<String> rooms) {
    this.database = database;
    this.link = link;
    this.rooms = rooms.stream().map(Glob::new).toList();
    this.readers = new Semaphore(Math.max(1, database.poolSize() - 1));
    this.last = database.sql(LAST);
    this.page = database.sql(PAGE);
  }

  /** How many questions were asked. */
  long reads() {
    return reads.get();
  }

  /** How many of them failed. */
  long failures() {
    return failures.get();
  }

  /** Inboxes of users are stored only if a pattern begins like their names. */
  @Override
  public boolean keeps(String room) {
    boolean isInbox = RoomName.isInbox(room);
    for (Glob each : rooms) {
      if (each.matches(room) && (!isInbox || RoomName.isInbox(each.pattern()))) {
        return true;
      }
    }
    return false;
  }

  @Override
  public CompletionStage<Page> before(Question question) {
    if (Cursor.UNKNOWN.equals(question.before())) {
      return CompletableFuture.completedStage(new Page(List.of(), false));
    }
    var answer = new CompletableFuture<Page>();
    reads.incrementAndGet();
    String fault = link.fault();
    if (fault != null) {
      failures.incrementAndGet();
      answer.completeExceptionally(new SQLException(fault, "08000"));
    } else if (waiting.incrementAndGet() > MOST_WAITING) {
      waiting.decrementAndGet();
      failures.incrementAndGet();
      answer.completeExceptionally(
          new RejectedExecutionException("too many clients read earlier messages"));
    } else {
      Thread.ofVirtual().name("archive").start(() -> read(question, answer));
    }
    return answer;
  }

  private void read(Question question, CompletableFuture<Page> answer) {
    try {
      awaitWritten(question);
      answer.complete(inTurn(connection -> page(connection, question)));
    } catch (SQLException | InterruptedException | RuntimeException e) {
      failures.incrementAndGet();
      if (e instanceof SQLException) {
        link.failed("earlier messages cannot be read", e);
      }
      answer.completeExceptionally(e);
    } finally {
      waiting.decrementAndGet();
    }
  }

  private <T> T inTurn(Session.Work<T> work) throws SQLException, InterruptedException {
    if (!readers.tryAcquire(TURN, TimeUnit.MILLISECONDS)) {
      throw new RejectedExecutionException("too many clients read earlier messages");
    }
    try (Connection connection = database.connect()) {
      return work.with(connection);
    } finally {
      readers.release();
    }
  }

  /** Waits for the messages that the room has just forgotten, if they are not written yet. */
  private void awaitWritten(Question question) throws SQLException, InterruptedException {
    Cursor forgotten = question.forgotten();
    if (forgotten == null) {
      return;
    }
    String name = forgotten.epoch() + " " + question.room();
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LAG);
    while (vain.getOrDefault(name, 0L) < forgotten.offset()
        && inTurn(connection -> last(connection, question.room(), forgotten.epoch()))
            < forgotten.offset()) {
      if (System.nanoTime() - end > 0) {
        vain.put(name, forgotten.offset());
        return;
      }
      link.pause(LOOK);
    }
  }

  private long last(Connection connection, String room, String epoch) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(last)) {
      statement.setString(1, room);
      statement.setString(2, epoch);
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getLong(1) : 0;
      }
    }
  }

  private Page page(Connection connection, Question question) throws SQLException {
    Cursor before = question.before();
    Cursor end = question.end();
    String room = question.room();
    String epoch = before == null ? "" : before.epoch();
    boolean isWhole = before == null || (end != null && end.epoch().equals(epoch));
    try (PreparedStatement statement = connection.prepareStatement(page)) {
      statement.setString(1, room);
      statement.setString(2, epoch);
      statement.setLong(3, before == null ? 0 : before.offset());
      statement.setLong(4, isWhole ? Long.MAX_VALUE : 0);
      statement.setInt(5, question.limit() + 1);
      statement.setString(6, room);
      statement.setInt(7, question.limit());
      statement.setLong(8, question.bytes());
      try (ResultSet row = statement.executeQuery()) {
        var messages = new ArrayList<Message>();
        long found = 0;
        while (row.next()) {
          found = row.getLong("found");
          messages.add(MessageRow.read(row));
        }
        Collections.reverse(messages);
        return new Page(messages, found > messages.size());
      }
    }
  }
}
