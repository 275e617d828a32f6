package io.earshot.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import java.sql.Connection;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Messages that are older than what a room remembers. */
class ArchiveTest extends PostgresTestCase {
  private static final String SHORT = "rooms.rules=orders.* historyMessages=3";
  private static final String AWAY = "Error: earlier messages cannot be read now; try again later";

  private EarshotServer startShort(String... more) {
    var all = new ArrayList<>(List.of("postgres.rooms=orders.*", SHORT));
    all.addAll(List.of(more));
    return start(all.toArray(String[]::new));
  }

  private static void say(EarshotServer server, int from, int to) {
    for (int i = from; i <= to; i++) {
      say(server, "orders.1", "message " + i);
    }
  }

  private static String ask(TcpClient client, String request) {
    client.send(request);
    return answer(client);
  }

  /** The answer of a request, which may have messages of rooms in it. */
  private static String answer(TcpClient client) {
    String next = String.valueOf(client.next());
    while (!next.contains("\"context\":\"response\"")) {
      next = String.valueOf(client.next());
    }
    return next;
  }

  private static List<String> texts(String answer) {
    return Pattern.compile("\"message\":\"message (\\d+)\"")
        .matcher(answer)
        .results()
        .map(each -> each.group(1))
        .toList();
  }

  private static String first(String answer) {
    return answer.replaceAll(
        ".*?\"messages\":\\[\\{.*?\"offset\":(\\d+),\"epoch\":\"(\\w+)\".*", "$2:$1");
  }

  @Test
  void the_verb_reads_on_where_the_memory_ends() throws Exception {
    EarshotServer server = startShort();
    say(server, 1, 12);
    awaitRows(12);
    TcpClient client = client(server);
    ask(client, "roomChange orders.1");
    String newest = ask(client, "history orders.1 limit=5");
    assertThat(texts(newest)).containsExactly("8", "9", "10", "11", "12");
    assertThat(newest).contains("\"more\":true");
    String older = ask(client, "history orders.1 limit=5 before=" + first(newest));
    assertThat(texts(older)).containsExactly("3", "4", "5", "6", "7");
    assertThat(older).contains("\"more\":true");
    String oldest = ask(client, "history orders.1 limit=5 before=" + first(older));
    assertThat(texts(oldest)).containsExactly("1", "2");
    assertThat(oldest).contains("\"more\":false");
    assertThat(ask(client, "history orders.1 limit=3")).contains("\"more\":true");
    assertThat(ask(client, "history orders.1 limit=12")).contains("\"more\":false");
  }

  @Test
  void room_urls_and_programs_read_the_same() throws Exception {
    EarshotServer server = startShort();
    say(server, 1, 12);
    awaitRows(12);
    HttpClient curl = curl(server);
    String newest = curl.get("/rooms/orders.1/messages?before=&limit=7").body();
    assertThat(texts(newest)).containsExactly("6", "7", "8", "9", "10", "11", "12");
    assertThat(newest).contains("\"more\":true");
    String older = curl.get("/rooms/orders.1/messages?before=" + first(newest)).body();
    assertThat(texts(older)).containsExactly("1", "2", "3", "4", "5");
    assertThat(older).contains("\"more\":false");
    assertThat(texts(curl.get("/rooms/orders.1/messages?history=6").body()))
        .containsExactly("7", "8", "9", "10", "11", "12");
    assertThat(history(server, "orders.1")).isEqualTo(numbers(1, 12));
  }

  @Test
  void a_client_that_enters_receives_what_it_asks_for() throws Exception {
    EarshotServer server = startShort();
    say(server, 1, 12);
    awaitRows(12);
    TcpClient client = client(server);
    assertThat(ask(client, "roomChange orders.1 history=8")).contains("\"history\":8");
    for (int i = 5; i <= 12; i++) {
      assertThat(client.heard()).contains("\"message\":\"message " + i + "\"");
    }
    say(server, 13, 13);
    assertThat(client.heard()).contains("\"message\":\"message 13\"");
    TcpClient listener = client(server);
    assertThat(ask(listener, "listenToRoom orders.1 history=100")).contains("\"history\":13");
    TcpClient other = client(server);
    assertThat(ask(other, "roomAdd orders.1 history=2")).contains("\"history\":2");
    assertThat(other.heard()).contains("message 12");
  }

  @Test
  void the_epochs_of_a_room_follow_each_other() throws Exception {
    EarshotServer server = startShort();
    say(server, 1, 5);
    awaitRows(5);
    server.close();
    EarshotServer next = startShort();
    assertThat(history(next, "orders.1")).isEqualTo(numbers(1, 5));
    say(next, 6, 11);
    awaitRows(11);
    assertThat(history(next, "orders.1")).isEqualTo(numbers(1, 11));
    next.close();
    EarshotServer last = startShort();
    assertThat(history(last, "orders.1")).isEqualTo(numbers(1, 11));
    assertThat(
            last.api()
                .chatRoom()
                .history("orders.1", new Cursor("nonsense", 5), 10)
                .toCompletableFuture()
                .join()
                .messages())
        .isEmpty();
  }

  @Test
  void messages_for_some_members_are_not_read_from_the_database() throws Exception {
    EarshotServer server = startShort();
    for (int i = 1; i <= 6; i++) {
      say(server, "orders.1", "secret " + i, new Audience("id", "somebody"));
      say(server, i, i);
    }
    awaitRows(12);
    assertThat(history(server, "orders.1")).isEqualTo(numbers(1, 6));
    TcpClient client = client(server);
    assertThat(ask(client, "roomChange orders.1 history=100")).contains("\"history\":6");
    assertThat(ask(client, "history orders.1 limit=100")).doesNotContain("secret");
  }

  @Test
  void rows_that_were_written_in_another_order_are_read_in_the_order_of_the_room()
      throws Exception {
    EarshotServer server = startShort();
    awaitConnected(server);
    write("old", 1, 2, 4);
    write("new", 5, 7, 6, 9, 8, 10);
    write("old", 3);
    assertThat(page(server, new Cursor("new", 6), 2)).containsExactly("4", "5");
    assertThat(page(server, new Cursor("new", 9), 3)).containsExactly("6", "7", "8");
    assertThat(page(server, new Cursor("new", 99), 2)).containsExactly("9", "10");
    assertThat(page(server, new Cursor("old", 4), 9)).containsExactly("1", "2", "3");
    assertThat(history(server, "orders.1")).isEqualTo(numbers(1, 10));
  }

  private void write(String epoch, int... offsets) throws Exception {
    for (int offset : offsets) {
      postgres.execute(
          "INSERT INTO %s.messages (room, epoch, \"offset\", sent_at, sender, message, bytes) VALUES ('orders.1', '%s', %d, now(), 'x', '\"message %d\"', 9)"
              .formatted(schema, epoch, offset, offset));
    }
  }

  private static List<String> page(EarshotServer server, Cursor before, int limit) {
    return server
        .api()
        .chatRoom()
        .history("orders.1", before, limit)
        .toCompletableFuture()
        .join()
        .parsed()
        .stream()
        .map(each -> each.get("message").asText().replace("message ", ""))
        .toList();
  }

  @Test
  void other_rooms_are_not_looked_for() throws Exception {
    EarshotServer server = startShort();
    say(server, "lobby", "hello");
    assertThat(history(server, "lobby")).containsExactly(Json.of("hello"));
    assertThat(state(server)).contains("\"reads\":0");
  }

  @Test
  void a_long_answer_ends_at_its_limit_and_the_next_page_goes_on() throws Exception {
    EarshotServer server = startShort("limits.answerBytes=4096", "postgres.connections=2");
    for (int i = 1; i <= 8; i++) {
      say(server, "orders.1", "message " + i + "x".repeat(1000));
    }
    say(server, "orders.1", "y".repeat(10_000));
    say(server, "orders.1", "z");
    awaitRows(10);
    TcpClient client = client(server);
    ask(client, "roomChange orders.1");
    String before = "";
    var sizes = new ArrayList<Integer>();
    String page;
    do {
      page = ask(client, "history orders.1" + before);
      sizes.add(Pattern.compile("\"sentAt\"").matcher(page).results().mapToInt(_ -> 1).sum());
      before = " before=" + first(page);
    } while (page.contains("\"more\":true"));
    assertThat(sizes).containsExactly(1, 1, 3, 3, 2);
  }

  @Test
  void while_the_database_is_away_clients_get_what_the_room_remembers() throws Exception {
    EarshotServer server = startShort("postgres.timeout=500ms", "postgres.connections=2");
    say(server, 1, 8);
    awaitRows(8);
    TcpClient client = client(server);
    ask(client, "roomChange orders.1");
    try (Connection locker = postgres.connect();
        Statement statement = locker.createStatement()) {
      locker.setAutoCommit(false);
      statement.execute("LOCK TABLE " + schema + ".messages");
      String newest = ask(client, "history orders.1 limit=5");
      assertThat(texts(newest)).containsExactly("6", "7", "8");
      assertThat(newest).contains("\"more\":true");
      assertThat(ask(client, "history orders.1 before=" + first(newest))).contains(AWAY);
      TcpClient other = client(server);
      assertThat(ask(other, "roomChange orders.1 history=5")).contains("\"history\":3");
      assertThat(curl(server).get("/rooms/orders.1/messages?before=" + first(newest)).status())
          .isEqualTo(503);
      assertThat(curl(server).get("/rooms/orders.9/messages?history=5").status()).isEqualTo(503);
      assertThatThrownBy(
              () ->
                  server.api().chatRoom().history("orders.9", null, 5).toCompletableFuture().join())
          .hasMessageContaining("earlier messages cannot be read now");
      locker.rollback();
    }
    Await.until("the database", () -> texts(ask(client, "history orders.1 limit=5")).size() == 5);
  }

  @Test
  void what_the_room_has_just_forgotten_is_awaited() throws Exception {
    EarshotServer server = startShort("postgres.timeout=10s");
    say(server, 1, 6);
    awaitRows(6);
    TcpClient client = client(server);
    ask(client, "roomChange orders.1");
    try (Connection locker = postgres.connect();
        Statement statement = locker.createStatement()) {
      locker.setAutoCommit(false);
      statement.execute("LOCK TABLE " + schema + ".messages IN EXCLUSIVE MODE"); // reads go on
      say(server, 7, 10);
      client.send("history orders.1 limit=10");
      locker.rollback();
    }
    assertThat(texts(answer(client)))
        .containsExactly("1", "2", "3", "4", "5", "6", "7", "8", "9", "10");
  }
}
