package io.earshot.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.ApiDocument;
import io.earshot.netty.testing.TcpClient;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Messages of rooms that are written to the database. */
class StoreTest extends PostgresTestCase {
  private static final String SHORT = "rooms.rules=orders.* historyMessages=3";

  @Test
  void messages_of_the_rooms_that_a_pattern_names_become_rows() throws Exception {
    EarshotServer server = start("postgres.rooms=orders.*,@*");
    say(server, "other", "not stored");
    say(server, "@ada", "for an inbox");
    Cursor place = say(server, "orders.1", "hello");
    say(server, "orders.1", "for bob", new Audience("id", "bob"));
    awaitRows(3);
    assertThat(
            postgres.query(
                "SELECT concat_ws('|', room, epoch, \"offset\", sender, message, audience ->> 'value',"
                    + " sent_at > now() - interval '1 minute') FROM "
                    + schema
                    + ".messages WHERE room = 'orders.1' ORDER BY id"))
        .containsExactly(
            "orders.1|" + place.epoch() + "|1|shop|\"hello\"|t",
            "orders.1|" + place.epoch() + "|2|shop|\"for bob\"|bob|t");
    assertThat(state(server)).contains("\"stored\":3");
    assertThat(((Json.Obj) Json.parse(state(server))).fields().keySet())
        .isSubsetOf(ApiDocument.fields("Database"));
  }

  @Test
  void inboxes_are_stored_only_if_a_pattern_names_them() throws Exception {
    EarshotServer server = start("postgres.rooms=*");
    say(server, "@ada", "for an inbox");
    say(server, "orders.1", "hello");
    awaitRows(1);
  }

  @Test
  void each_message_comes_back_equal() throws Exception {
    EarshotServer server = start("postgres.rooms=orders.*", SHORT);
    var all = new ArrayList<Json>();
    for (String json :
        List.of(
            "\"NUL \\u0000 in a text\"",
            "{\"\\u0000\":[\"\\u0000\"],\"b\":1}",
            "[1e2,1.50,-0.0,0.1e-3,123456789012345678901234567890]",
            "1e999",
            "1e200000",
            "-0",
            "\"\\ud83d\\ude00 \u00e9 \u20ac ' \\\\ \\\" { } , NULL\"",
            "null",
            "{\"zz\":1,\"a\":{\"c\":[],\"b\":{}}}",
            "\"\"")) {
      all.add(Json.parse(json));
    }
    all.forEach(each -> say(server, "orders.1", each));
    awaitRows(all.size());
    assertThat(history(server, "orders.1")).isEqualTo(all);
    assertThat(
            postgres.count(
                "SELECT count(*) FROM " + schema + ".messages WHERE message::text LIKE '%\uFFFD%'"))
        .isEqualTo(2);
  }

  @Test
  void messages_of_a_megabyte_are_stored(@TempDir Path folder) throws Exception {
    EarshotServer server = start("postgres.rooms=orders.*", SHORT, "feed.folder=" + folder);
    for (int i = 0; i < 6; i++) {
      say(server, "orders.1", i + "x".repeat(1_000_000));
    }
    awaitRows(6);
    assertThat(postgres.count("SELECT sum(length(message #>> '{}')) FROM " + schema + ".messages"))
        .isEqualTo(6_000_006L);
    assertThat(state(server)).contains("\"connected\":true").doesNotContain("problem");
  }

  @Test
  void a_say_does_not_wait_for_the_database() throws Exception {
    EarshotServer server = start("postgres.rooms=orders.*", "postgres.timeout=500ms", SHORT);
    TcpClient client = client(server);
    assertThat(client.ask("roomChange orders.1")).contains("\"status\":\"OK\"");
    try (Connection locker = postgres.connect();
        Statement statement = locker.createStatement()) {
      locker.setAutoCommit(false);
      statement.execute("LOCK TABLE " + schema + ".messages");
      say(server, "orders.1", "while the table is locked");
      Await.until("a problem", () -> problems(server).contains("messages are not stored yet"));
      assertThat(client.ask("say hello")).contains("\"status\":\"OK\"");
      locker.rollback();
    }
    Await.until(
        "the row",
        () ->
            postgres.count(
                    "SELECT count(*) FROM "
                        + schema
                        + ".messages WHERE message = '\"while the table is locked\"'")
                == 1);
  }

  @Test
  void nothing_is_lost_while_postgresql_is_killed_and_started() throws Exception {
    EarshotServer server = start("postgres.rooms=orders.*", "postgres.timeout=1s");
    awaitConnected(server);
    var isDone = new AtomicBoolean();
    var said = new ArrayList<String>();
    Thread speaker =
        Thread.ofVirtual()
            .start(
                () -> {
                  for (int i = 0; !isDone.get() || i < 500; i++) {
                    String message = "message " + i;
                    say(server, "orders." + i % 3, message);
                    said.add(message);
                    LockSupport.parkNanos(500_000); // some 1,000 a second
                  }
                });
    Await.until("some rows", () -> rows() > 50);
    postgres.kill();
    postgres.start();
    isDone.set(true);
    speaker.join();
    awaitRows(said.size());
    assertThat(
            postgres.query(
                "SELECT message #>> '{}' FROM "
                    + schema
                    + ".messages WHERE room = 'orders.0'"
                    + " ORDER BY id"))
        .isEqualTo(said.stream().filter(each -> number(each) % 3 == 0).toList());
  }

  private static int number(String message) {
    return Integer.parseInt(message.substring("message ".length()));
  }

  @Test
  void a_server_starts_without_its_database_and_stores_what_was_said_before_it_came()
      throws Exception {
    postgres.kill();
    EarshotServer server;
    try {
      server = start("postgres.rooms=orders.*", "postgres.timeout=1s");
      say(server, "orders.1", "too early");
      assertThat(state(server)).contains("\"connected\":false", "\"problem\":");
      Await.until("a problem", () -> problems(server).contains("the database cannot be reached"));
    } finally {
      postgres.start();
    }
    awaitConnected(server);
    awaitRows(1);
  }

  @Test
  void messages_that_wait_survive_a_restart_of_the_server(@TempDir Path folder) throws Exception {
    String[] settings = {
      "postgres.rooms=orders.*", "postgres.timeout=1s", "feed.folder=" + folder, SHORT
    };
    EarshotServer server = start(settings);
    awaitConnected(server);
    try (Connection locker = postgres.connect();
        Statement statement = locker.createStatement()) {
      locker.setAutoCommit(false);
      statement.execute("LOCK TABLE " + schema + ".messages");
      for (int i = 1; i <= 50; i++) {
        say(server, "orders.1", "message " + i);
      }
      server.close();
      locker.rollback();
    }
    assertThat(rows()).isLessThan(50);
    EarshotServer next = start(settings);
    awaitRows(50);
    assertThat(history(next, "orders.1")).isEqualTo(numbers(1, 50));
  }

  @Test
  void old_messages_are_deleted_in_steps() throws Exception {
    EarshotServer server = start("postgres.rooms=orders.*");
    awaitConnected(server);
    postgres.execute(
        "INSERT INTO "
            + schema
            + ".messages (room, epoch, \"offset\", sent_at, sender, message, bytes)"
            + " SELECT 'orders.1', 'old', n, now() - interval '1 day' + n * interval '1 s', 'x', '1', 9"
            + " FROM generate_series(1, 2500) AS n");
    opened(server).close();
    EarshotServer keeping = start("postgres.rooms=orders.*", "postgres.keep=5s");
    say(keeping, "orders.1", "new");
    awaitRows(1);
    assertThat(state(keeping)).contains("\"deleted\":2500");
  }
}
