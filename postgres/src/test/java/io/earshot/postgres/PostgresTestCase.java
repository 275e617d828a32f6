package io.earshot.postgres;

import io.earshot.Config;
import io.earshot.Publication;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.netty.testing.TcpClient;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * A test with servers that use a real PostgreSQL, in a schema of its own.
 *
 * <p>Owned by the test's thread.
 */
abstract class PostgresTestCase {
  static final String ADMIN = "a".repeat(40);

  private static final AtomicInteger SCHEMAS = new AtomicInteger();

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();

  @SuppressWarnings("NullAway.Init")
  PostgresServer postgres;

  final String schema = "test" + SCHEMAS.incrementAndGet();

  @BeforeEach
  final void findPostgres() throws Exception {
    postgres = PostgresServer.get();
  }

  @AfterEach
  final void closeAll() throws Exception {
    while (!opened.isEmpty()) {
      opened.pop().close();
    }
  }

  final <T extends AutoCloseable> T opened(T resource) {
    opened.push(resource);
    return resource;
  }

  final Config config(String... settings) {
    return ServerAndClients.with(
        Config.defaults()
            .with("postgres.url", postgres.url())
            .with("postgres.user", PostgresServer.USER)
            .with("postgres.schema", schema)
            .with("postgres.timeout", "2s")
            .with("rooms.announcements", false)
            .with("admin.keys", List.of("test " + ADMIN)),
        settings);
  }

  final EarshotServer start(String... settings) {
    return opened(Kind.LEAN_LINES.start(config(settings)));
  }

  static Config with(Config config, String... settings) {
    return ServerAndClients.with(config, settings);
  }

  final TcpClient client(EarshotServer server) {
    return opened(TcpClient.welcomed(server.tcpPort()));
  }

  final HttpClient curl(EarshotServer server) {
    return opened(new HttpClient(server.httpPort(), false));
  }

  /** What the server says of its database. */
  final String state(EarshotServer server) {
    return curl(server).get("/admin/postgres", "Authorization: Bearer " + ADMIN).body();
  }

  final String problems(EarshotServer server) {
    return curl(server).get("/admin/overview", "Authorization: Bearer " + ADMIN).body();
  }

  final void awaitConnected(EarshotServer server) {
    Await.until("the database", () -> state(server).contains("\"connected\":true"));
  }

  final long rows() throws Exception {
    return postgres.count("SELECT count(*) FROM " + schema + ".messages");
  }

  final void awaitRows(long count) {
    Await.until(() -> count + " rows", Await.LIMIT, () -> rows() == count);
  }

  // --- the outbox --------------------------------------------------------------------------------

  final void put(Connection connection, String room, String text) throws SQLException {
    put(connection, room, "\"" + text + "\"", null, null);
  }

  final void put(
      Connection connection, String room, String json, @Nullable String from, @Nullable String key)
      throws SQLException {
    try (PreparedStatement say =
        connection.prepareStatement("SELECT " + schema + ".earshot_say(?, ?::jsonb, ?, ?)")) {
      say.setString(1, room);
      say.setString(2, json);
      say.setString(3, from);
      say.setString(4, key);
      say.execute();
    }
  }

  final long waiting() throws SQLException {
    return postgres.count("SELECT count(*) FROM " + schema + ".outbox");
  }

  final void awaitEmpty() {
    Await.until("an empty outbox", () -> waiting() == 0);
  }

  // --- what is said ------------------------------------------------------------------------------

  static Cursor say(EarshotServer server, String room, Object message) {
    return say(server, room, message, null);
  }

  static Cursor say(
      EarshotServer server, String room, Object message, @Nullable Audience audience) {
    return server
        .api()
        .chatRoom()
        .publish(new Publication(room, Json.from(message), Json.of("shop"), audience, null))
        .toCompletableFuture()
        .join();
  }

  /** The messages of a room, as programs read them: pages of ten, from the newest on. */
  static List<Json> history(EarshotServer server, String room) {
    var all = new ArrayList<Json>();
    Cursor before = null;
    while (true) {
      var page = server.api().chatRoom().history(room, before, 10).toCompletableFuture().join();
      List<Json.Obj> messages = page.parsed();
      for (Json.Obj each : messages.reversed()) {
        all.addFirst(each.get("message"));
      }
      if (!Boolean.TRUE.equals(page.more())) {
        return all;
      }
      Json.Obj first = messages.getFirst();
      before = Cursor.parse(first.get("epoch").asText() + ":" + first.get("offset").asText());
    }
  }

  static List<Json> numbers(int from, int to) {
    var all = new ArrayList<Json>();
    for (int i = from; i <= to; i++) {
      all.add(Json.of("message " + i));
    }
    return all;
  }
}
