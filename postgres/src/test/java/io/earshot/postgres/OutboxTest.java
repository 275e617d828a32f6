package io.earshot.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.TcpClient;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Messages that applications say in transactions of their own. */
class OutboxTest extends PostgresTestCase {
  @TempDir Path folder;

  private EarshotServer startConnected(String... settings) {
    EarshotServer server = start(settings);
    awaitConnected(server);
    return server;
  }

  private static List<Json> texts(String... all) {
    return java.util.Arrays.stream(all).map(Json::of).toList();
  }

  @Test
  void what_commits_is_told_and_what_is_rolled_back_is_not() throws Exception {
    EarshotServer server = startConnected();
    TcpClient client = client(server);
    client.ask("roomChange orders.1");
    try (Connection connection = postgres.connect()) {
      connection.setAutoCommit(false);
      put(connection, "orders.1", "rolled back");
      connection.rollback();
      put(connection, "orders.1", "one");
      put(connection, "orders.1", "{\"two\":[1.50,null]}", "shop", null);
      connection.commit();
    }
    assertThat(client.heard())
        .matches(".*\"message\":\"one\",\"room\":\"orders.1\",\"from\":\"Earshot\".*");
    assertThat(client.heard()).contains("\"message\":{\"two\":[1.50,null]}", "\"from\":\"shop\"");
    awaitEmpty();
    assertThat(state(server)).contains("\"reading\":true,\"told\":2,\"dead\":0");
  }

  @Test
  void a_message_is_told_as_soon_as_it_commits_even_after_those_with_larger_ids() throws Exception {
    EarshotServer server = startConnected();
    try (Connection slow = postgres.connect();
        Connection fast = postgres.connect()) {
      slow.setAutoCommit(false);
      put(slow, "orders.1", "slow");
      put(fast, "orders.1", "fast 1");
      put(fast, "orders.1", "fast 2");
      Await.until("the fast ones", () -> history(server, "orders.1").size() == 2);
      slow.commit();
    }
    awaitEmpty();
    assertThat(history(server, "orders.1")).isEqualTo(texts("fast 1", "fast 2", "slow"));
  }

  @Test
  void many_messages_keep_their_order_in_each_room() throws Exception {
    EarshotServer server =
        startConnected("rooms.historyMessages=10000", "rooms.historyBytes=500000");
    try (Connection connection = postgres.connect();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "SELECT "
              + schema
              + ".earshot_say('orders.' || n % 3, to_jsonb(n)) FROM generate_series(0, 1999) AS n");
    }
    awaitEmpty();
    for (int room = 0; room < 3; room++) {
      var expected = new ArrayList<Json>();
      for (int n = room; n < 2000; n += 3) {
        expected.add(Json.of(n));
      }
      assertThat(history(server, "orders." + room)).isEqualTo(expected);
    }
  }

  @Test
  void what_no_room_can_be_told_goes_aside_and_blocks_nothing() throws Exception {
    EarshotServer server = startConnected();
    try (Connection connection = postgres.connect()) {
      put(connection, "", "no room");
      put(connection, "orders.1", "x".repeat(1_100_000));
      put(connection, "bad\u0007name", "control character");
      put(connection, "orders.1", "[".repeat(100) + "]".repeat(100), null, null);
      put(connection, "orders.1", "good");
    }
    awaitEmpty();
    assertThat(history(server, "orders.1")).isEqualTo(texts("good"));
    List<String> reasons =
        postgres.query("SELECT reason FROM " + schema + ".outbox_dead ORDER BY id");
    assertThat(reasons).hasSize(4);
    assertThat(reasons.get(0)).contains("1 to 256 characters");
    assertThat(reasons.get(1)).contains("1100002 bytes, which is more than limits.outboundBytes");
    assertThat(reasons.get(2)).contains("no control characters");
    assertThat(reasons.get(3)).contains("nested deeper");
    assertThat(state(server)).contains("\"told\":1,\"dead\":4");
  }

  @Test
  void a_key_of_the_application_is_told_once() throws Exception {
    EarshotServer server = startConnected();
    try (Connection connection = postgres.connect()) {
      put(connection, "orders.1", "\"paid\"", null, "order 1 paid");
      put(connection, "orders.1", "\"paid\"", null, "order 1 paid");
      put(connection, "orders.2", "\"paid\"", null, "order 1 paid");
    }
    awaitEmpty();
    assertThat(history(server, "orders.1")).hasSize(1);
    assertThat(history(server, "orders.2")).hasSize(1);
  }

  @Test
  void an_application_needs_the_right_to_call_the_function_alone() throws Exception {
    EarshotServer server = startConnected();
    postgres.execute(
        "DROP ROLE IF EXISTS app",
        "CREATE ROLE app LOGIN",
        "GRANT USAGE ON SCHEMA " + schema + " TO app",
        "GRANT EXECUTE ON FUNCTION " + schema + ".earshot_say TO app");
    try (Connection connection = postgres.connect("app");
        Statement statement = connection.createStatement()) {
      put(connection, "orders.1", "hello");
      assertThat(
              org.assertj.core.api.Assertions.catchThrowable(
                  () -> statement.execute("SELECT * FROM " + schema + ".outbox")))
          .hasMessageContaining("permission denied");
    }
    awaitEmpty();
    assertThat(history(server, "orders.1")).isEqualTo(texts("hello"));
    postgres.execute("DROP OWNED BY app", "DROP ROLE app");
  }

  @Test
  void sessions_that_end_and_a_postgresql_that_is_killed_double_and_lose_nothing()
      throws Exception {
    EarshotServer server =
        startConnected("rooms.historyMessages=10000", "rooms.historyBytes=500000");
    int sent = 0;
    for (int round = 0; round < 3; round++) {
      try (Connection connection = postgres.connect()) {
        for (int i = 0; i < 50; i++) {
          put(connection, "orders.1", "message " + sent++);
        }
      }
      if (round == 1) {
        postgres.kill();
        postgres.start();
      } else {
        postgres.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                + " WHERE application_name = 'earshot'");
      }
    }
    awaitEmpty();
    assertThat(history(server, "orders.1")).isEqualTo(numbers(0, sent - 1));
  }

  /** Begins to tell messages, and ends before they can be deleted, like a crash. */
  private void crashWhileTelling(String... settings) throws Exception {
    EarshotServer server = startConnected(settings);
    try (Connection connection = postgres.connect();
        Connection locker = postgres.connect();
        Statement lock = locker.createStatement()) {
      locker.setAutoCommit(false);
      lock.execute("LOCK TABLE " + schema + ".outbox_dead IN ACCESS EXCLUSIVE MODE");
      // The deletion waits for this lock.
      postgres.execute(
          "CREATE FUNCTION "
              + schema
              + ".stop() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM 1 FROM "
              + schema
              + ".outbox_dead; RETURN NULL; END'",
          "CREATE TRIGGER stop BEFORE DELETE ON "
              + schema
              + ".outbox FOR EACH STATEMENT EXECUTE FUNCTION "
              + schema
              + ".stop()");
      connection.setAutoCommit(false);
      put(connection, "orders.1", "same");
      put(connection, "orders.1", "same");
      put(connection, "orders.1", "other");
      connection.commit();
      Await.until("the messages", () -> history(server, "orders.1").size() == 3);
      server.close();
      locker.rollback();
    }
    assertThat(waiting()).isEqualTo(3);
    postgres.execute(
        "DROP TRIGGER stop ON " + schema + ".outbox",
        // one that was not told
        "INSERT INTO " + schema + ".outbox (room, message) VALUES ('orders.1', '\"same\"')",
        "UPDATE "
            + schema
            + ".outbox_claim SET ids = ids || (SELECT max(id) FROM "
            + schema
            + ".outbox)");
  }

  @Test
  void a_server_that_dies_while_it_tells_does_not_tell_again_what_the_history_on_disk_has()
      throws Exception {
    String[] settings = {
      "rooms.historyFolder=" + folder, "postgres.timeout=1s", "general.shutdownTimeout=1s"
    };
    crashWhileTelling(settings);
    EarshotServer next = startConnected(settings);
    awaitEmpty();
    assertThat(history(next, "orders.1")).isEqualTo(texts("same", "same", "other", "same"));
  }

  @Test
  void the_state_shows_that_only_one_server_reads() throws Exception {
    EarshotServer off = startConnected("postgres.outbox=false");
    assertThat(state(off)).doesNotContain("outbox");
    try (Connection connection = postgres.connect()) {
      put(connection, "orders.1", "nobody reads");
    }
    off.close();
    EarshotServer server = startConnected();
    awaitEmpty();
    assertThat(Pattern.compile("\"reading\":true").matcher(state(server)).find()).isTrue();
  }
}
