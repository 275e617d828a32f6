package io.earshot.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.ChatRoom;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.ExtensionContext;
import io.earshot.spi.Source;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The messages that applications put into the table {@code outbox}. The server whose {@link
 * Session} holds an advisory lock reads it.
 *
 * <p>Before messages are told, the server writes which they are, and how far their rooms are (a
 * claim); afterwards it deletes them. If it dies in between, the server that reads next compares
 * the claimed messages with the histories of their rooms ({@link Doubts}), and tells only those
 * that were not told.
 *
 * <p>Owned by the thread of the source; the counts are atomic.
 */
final class Outbox implements Source {
  /** The most messages in one batch, and the most bytes of them together. */
  private static final int MOST = 200;

  private static final int MOST_BYTES = 4 << 20;

  /** Up to how many messages that wait are counted. */
  private static final int MOST_COUNTED = 100_000;

  /** How often a server that does not read tries to, in milliseconds. */
  private static final long TURN = 1_000;

  private static final String COLUMNS =
      "id, room, CASE WHEN bytes <= ? THEN message::text END AS message, bytes, sender, key,"
          + " (extract(epoch FROM said_at) * 1000000)::bigint AS said_at";

  private static final String NEXT =
      "SELECT "
          + COLUMNS
          + " FROM (SELECT *, sum(least(bytes, ?)) OVER (ORDER BY id) AS size,"
          + " row_number() OVER (ORDER BY id) AS n"
          + " FROM (SELECT * FROM earshot.outbox WHERE room <> ALL (?) ORDER BY id LIMIT ?) AS first) AS sized"
          + " WHERE size <= ? OR n = 1 ORDER BY id";

  private static final String CLAIMED =
      "SELECT " + COLUMNS + " FROM earshot.outbox WHERE id = ANY (?) ORDER BY id";

  private static final String READ_CLAIM =
      "SELECT ids, ends::text, (extract(epoch FROM claimed_at) * 1000)::bigint"
          + " FROM earshot.outbox_claim";

  private static final String CLAIM =
      "UPDATE earshot.outbox_claim SET ids = ?, ends = ?::jsonb, claimed_at = clock_timestamp()";

  private static final String DELETE = "DELETE FROM earshot.outbox WHERE id = ANY (?)";

  private static final String BURY =
      "WITH gone AS (DELETE FROM earshot.outbox WHERE id = ? RETURNING id, room, message, sender,"
          + " key, said_at) INSERT INTO earshot.outbox_dead (id, room, message, sender, key,"
          + " said_at, reason) SELECT *, ? FROM gone ON CONFLICT (id) DO NOTHING";

  private static final String COUNT =
      "SELECT count(*) FROM (SELECT 1 FROM earshot.outbox LIMIT " + MOST_COUNTED + ") AS counted";

  private final Database database;
  private final Link link;
  private final ExtensionContext context;
  private final Doubts doubts;
  private final int longest;
  private final AtomicLong told = new AtomicLong();
  private final AtomicLong dead = new AtomicLong();
  private final AtomicLong waiting = new AtomicLong();
  private final RoomPauses pauses = new RoomPauses(System::nanoTime);
  private volatile boolean isReading;

  /** What became of messages whose rows could not be deleted since: they must not be told again. */
  private final Map<Long, Result> unmarked = new ConcurrentHashMap<>();

  Outbox(Database database, Link link, ExtensionContext context, MessageStore store) {
    this.database = database;
    this.link = link;
    this.context = context;
    this.doubts = new Doubts(context.api(), store, link);
    this.longest = context.api().configData().limits().outboundBytes();
  }

  /** How many messages this server has told since its start. */
  long told() {
    return told.get();
  }

  /** How many messages this server could not tell. */
  long dead() {
    return dead.get();
  }

  /** How many messages wait, as of the last look; 0 on a server that does not read. */
  long waiting() {
    return waiting.get();
  }

  /** Whether this server is the one that reads. */
  boolean isReading() {
    return isReading;
  }

  @Override
  public String name() {
    return "outbox";
  }

  @Override
  public Reading open() throws SQLException, InterruptedException {
    while (true) {
      Session session = link.await();
      if (session.lock("pg_try_advisory_lock", link.lockName("outbox"))) {
        var turn = new Turn(session);
        try {
          turn.begin();
          return turn;
        } catch (SQLException | InterruptedException | RuntimeException e) {
          turn.close();
          throw e;
        }
      }
      link.pause(TURN);
    }
  }

  /** The time in which this server reads the outbox. Owned by the thread of the source. */
  private final class Turn implements Reading {
    private final Session session;

    /** Whether there are more messages than the last batch had, or it is the first look. */
    private boolean isMore = true;

    /** The room of each message of the last batch that has no result yet, by the message's id. */
    private final Map<String, String> open = new HashMap<>();

    Turn(Session session) {
      this.session = session;
    }

    /** Listens, and finds out what became of the messages that the last reader was telling. */
    void begin() throws SQLException, InterruptedException {
      session.run(
          connection -> {
            try (Statement statement = connection.createStatement()) {
              return statement.execute("LISTEN \"" + database.schema() + '"');
            }
          });
      isReading = true;
      if (!unmarked.isEmpty()) {
        mark(List.copyOf(unmarked.values()));
      }
      Doubts.Claim claim = session.run(Outbox.this::readClaim);
      if (claim.ids().length > 0) {
        List<OutboxRow> rows = session.run(connection -> claimed(connection, claim.ids()));
        List<Result> known = rows.isEmpty() ? List.of() : doubts.resolve(claim, rows);
        if (!known.isEmpty()) {
          mark(known);
        }
        session.run(connection -> claim(connection, List.of(), Map.of()));
      }
    }

    @Override
    public List<Item> next(Duration most) throws SQLException, InterruptedException {
      new HashSet<>(open.values()).forEach(pauses::failed);
      open.clear();
      if (!isMore) {
        long nanos = pauses.left(most.toNanos());
        session.awaitNotification(Duration.ofMillis(1 + nanos / 1_000_000));
      }
      List<OutboxRow> rows = session.run(Outbox.this::read);
      isMore = rows.size() == MOST;
      if (!isMore) {
        pauses.retain(rows.stream().map(OutboxRow::room).collect(Collectors.toSet()));
      }
      boolean isPart = isMore || pauses.isAny();
      waiting.set(isPart ? session.run(Outbox.this::count) : rows.size());
      if (rows.isEmpty()) {
        return List.of();
      }
      List<Item> all = rows.stream().map(OutboxRow::item).toList();
      Map<String, Json> ends = ends(all);
      var items = new ArrayList<Item>();
      for (Item item : all) {
        if (item.publication() == null) {
          items.add(item);
        } else if (ends.containsKey(item.publication().room())) {
          items.add(item);
          open.put(item.id(), item.publication().room());
        }
      }
      session.run(connection -> claim(connection, items, ends));
      return items;
    }

    @Override
    public void done(List<Result> results) throws SQLException {
      for (Result result : results) {
        unmarked.put(Long.valueOf(result.id()), result);
      }
      mark(results);
      isMore = true;
      for (Result result : results) {
        String room = open.remove(result.id());
        if (room != null) {
          pauses.ended(room);
        }
      }
    }

    /** Removes the rows of messages that were told, or cannot be. */
    private void mark(List<Result> results) throws SQLException {
      session.transact(
          connection -> {
            delete(connection, results);
            for (Result each : results) {
              if (each.refusal() != null) {
                bury(connection, each);
              }
            }
            return true;
          });
      for (Result each : results) {
        unmarked.remove(Long.valueOf(each.id()));
        if (each.refusal() == null) {
          told.incrementAndGet();
        } else {
          dead.incrementAndGet();
          context.problem(
              name(), "a message is in outbox_dead, since it cannot be told: " + each.refusal());
        }
      }
    }

    @Override
    public void close() {
      isReading = false;
      waiting.set(0);
      if (!session.isOpen()) {
        return;
      }
      try {
        session.run(
            connection -> {
              try (Statement statement = connection.createStatement()) {
                return statement.execute("UNLISTEN *");
              }
            });
        session.lock("pg_advisory_unlock", link.lockName("outbox"));
      } catch (SQLException e) {
        // the session has ended, and with it the lock
      }
    }
  }

  /** The ends of the rooms of messages, as text; without the rooms that do not answer. */
  private Map<String, Json> ends(List<Item> items) throws InterruptedException {
    ChatRoom rooms = context.api().chatRoom();
    var asked = new LinkedHashMap<String, CompletableFuture<@Nullable Cursor>>();
    for (Item item : items) {
      if (item.publication() != null) {
        asked.computeIfAbsent(
            item.publication().room(),
            room ->
                rooms
                    .history(room, Cursor.UNKNOWN, 1)
                    .<@Nullable Cursor>thenApply(excerpt -> excerpt.next())
                    .toCompletableFuture());
      }
    }
    var ends = new LinkedHashMap<String, Json>();
    long limit = System.nanoTime() + database.timeout().toNanos();
    for (Map.Entry<String, CompletableFuture<@Nullable Cursor>> each : asked.entrySet()) {
      try {
        long left = Math.max(0, limit - System.nanoTime());
        Cursor end = each.getValue().get(left, TimeUnit.NANOSECONDS);
        ends.put(each.getKey(), end == null ? new Json.Null() : Json.of(end.toString()));
      } catch (ExecutionException | TimeoutException e) {
        pauses.failed(each.getKey());
        context.problem(name(), "the room " + each.getKey() + " does not answer");
      }
    }
    return ends;
  }

  private List<OutboxRow> read(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(database.sql(NEXT))) {
      statement.setInt(1, longest);
      statement.setInt(2, longest);
      statement.setArray(3, connection.createArrayOf("text", pauses.rooms()));
      statement.setInt(4, MOST);
      statement.setLong(5, MOST_BYTES);
      return rows(statement);
    }
  }

  private List<OutboxRow> claimed(Connection connection, Long... ids) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(database.sql(CLAIMED))) {
      statement.setInt(1, longest);
      statement.setArray(2, connection.createArrayOf("bigint", ids));
      return rows(statement);
    }
  }

  private static List<OutboxRow> rows(PreparedStatement statement) throws SQLException {
    var rows = new ArrayList<OutboxRow>();
    try (ResultSet row = statement.executeQuery()) {
      while (row.next()) {
        rows.add(OutboxRow.read(row));
      }
    }
    return rows;
  }

  private long count(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(database.sql(COUNT))) {
      row.next();
      return row.getLong(1);
    }
  }

  private Doubts.Claim readClaim(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(database.sql(READ_CLAIM))) {
      if (!row.next()) {
        throw new SQLException("the row of the table outbox_claim is gone", "42P01");
      }
      return new Doubts.Claim(
          (Long[]) row.getArray(1).getArray(),
          OutboxRow.parse(row.getString(2)).fields(),
          row.getLong(3));
    }
  }

  private int claim(Connection connection, List<Item> items, Map<String, Json> ends)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(database.sql(CLAIM))) {
      Long[] ids = items.stream().map(each -> Long.valueOf(each.id())).toArray(Long[]::new);
      statement.setArray(1, connection.createArrayOf("bigint", ids));
      statement.setString(2, new String(new Json.Obj(ends).encode(), UTF_8));
      return statement.executeUpdate();
    }
  }

  private void delete(Connection connection, List<Result> results) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(database.sql(DELETE))) {
      Long[] ids =
          results.stream()
              .filter(each -> each.refusal() == null)
              .map(each -> Long.valueOf(each.id()))
              .toArray(Long[]::new);
      statement.setArray(1, connection.createArrayOf("bigint", ids));
      statement.executeUpdate();
    }
  }

  private void bury(Connection connection, Result result) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(database.sql(BURY))) {
      statement.setLong(1, Long.parseLong(result.id()));
      statement.setString(2, result.refusal());
      statement.executeUpdate();
    }
  }
}
