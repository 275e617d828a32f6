package io.earshot.netty.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.admin.Admin;
import io.earshot.netty.testing.AdminClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.Logged;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.protocol.Json;
import io.earshot.token.TokenKeys;
import java.io.Closeable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Messages of back ends to many rooms and users, over real sockets. */
final class PublishTest {
  private static final String TOKENS = "k1 HS256 0123456789abcdef0123456789abcdef";
  private static final String KEY = "k".repeat(40);
  private static final String READ_KEY = "r".repeat(40);

  private final Deque<Closeable> open = new ArrayDeque<>();

  private final EarshotServer server =
      Kind.LEAN_LINES.start(
          Config.defaults()
              .with("rooms.announcements", false)
              .with("rooms.rules", List.of("closed.* listen=nobody say=nobody"))
              .with("tokens.keys", List.of(TOKENS))
              .with("admin.readKeys", List.of("watch " + READ_KEY))
              .with("admin.keys", List.of("shop " + KEY)));

  private final AdminClient shop = new AdminClient(server.httpPort(), KEY);

  @AfterEach
  void stop() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
    server.close();
  }

  private TcpClient in(String room) {
    TcpClient client = TcpClient.welcomed(server.tcpPort());
    open.push(client);
    assertThat(client.ask("roomChange " + room)).contains("\"status\":\"OK\"");
    return client;
  }

  private WebSocketClient loggedIn(String user) {
    long end = System.currentTimeMillis() / 1000 + 3600;
    String token = new TokenKeys(List.of(TOKENS), "").sign(Map.of("sub", user, "exp", end));
    WebSocketClient client = WebSocketClient.raw(server.httpPort());
    open.push(client);
    client.text(WebSocketClient.handshake("/ws?token=" + token));
    assertThat(client.head()).startsWith("HTTP/1.1 101 ");
    assertThat(client.next()).contains("\"inbox\":{\"room\":\"@" + user + "\"");
    return client;
  }

  private static List<Json.Obj> results(Response response, int status) throws Exception {
    assertThat(response.status()).as(response.body()).isEqualTo(status);
    Json.Obj answer = (Json.Obj) Json.parse(response.body());
    return ((Json.Array) answer.fields().get("results"))
        .items().stream().map(Json.Obj.class::cast).toList();
  }

  private static long offset(Json.Obj result) {
    return Long.parseLong(String.valueOf(result.get("offset").asText()));
  }

  private static String message(String room, Object content) {
    return "{\"room\":\"" + room + "\",\"message\":" + content + "}";
  }

  // --- rooms -----------------------------------------------------------------------------------

  @Test
  void messages_for_many_rooms_have_their_places_in_the_order_of_the_request() throws Exception {
    TcpClient alice = in("attic");
    TcpClient bob = in("cellar");
    String[] messages =
        IntStream.range(0, 400)
            .mapToObj(i -> message(i % 2 == 0 ? "attic" : "cellar", i))
            .toArray(String[]::new);
    List<Json.Obj> results = results(shop.publish(messages), 200);
    assertThat(results).hasSize(400);
    for (int i = 0; i < 400; i++) {
      assertThat(results.get(i).get("index")).isEqualTo(Json.of(i));
      assertThat(results.get(i).get("room")).isEqualTo(Json.of(i % 2 == 0 ? "attic" : "cellar"));
      assertThat((i % 2 == 0 ? alice : bob).heard())
          .contains("\"message\":" + i + ",", "\"from\":\"Earshot\"")
          .contains("\"offset\":" + offset(results.get(i)) + ",\"epoch\"");
    }
  }

  @Test
  void one_message_for_several_rooms_is_told_in_each_and_counts_for_each() throws Exception {
    TcpClient alice = in("attic");
    TcpClient bob = in("cel/lar%");
    String rooms = "{\"rooms\":[\"cel/lar%\",\"attic\"],\"message\":\"all\",\"from\":\"shop\"}";
    List<Json.Obj> results = results(shop.publish(message("attic", 1), rooms), 200);
    assertThat(results.stream().map(each -> each.get("room").asText() + each.get("index").asText()))
        .containsExactly("attic0", "cel/lar%1", "attic1");
    assertThat(bob.heard()).contains("\"room\":\"cel/lar%\",\"from\":\"shop\"");
    assertThat(alice.heard()).contains("\"message\":1,");
    assertThat(alice.heard()).contains("\"message\":\"all\"");
    assertThat(shop.get("/admin/rooms/cel%2Flar%25/messages").body()).contains("\"all\"");
  }

  @Test
  void a_member_that_is_named_as_the_sender_does_not_receive_the_message() {
    TcpClient alice = in("attic");
    TcpClient bob = in("attic");
    shop.publish(
        "{\"room\":\"attic\",\"message\":\"mine\",\"from\":\"" + alice.id() + "\"}",
        message("attic", "\"next\""));
    assertThat(bob.heard()).contains("mine");
    assertThat(alice.heard()).contains("next");
  }

  @Test
  void any_text_is_published_as_it_is() {
    TcpClient alice = in("attic");
    String text = "\"\\u0000 \\ud800 \ud83d\ude00 \\\\ \\u2028\"";
    Response response =
        shop.publish(
            message("attic", text),
            message("attic", "\"" + "x".repeat(65_000) + "\""),
            message("attic", "null"));
    assertThat(response.status()).as(response.body()).isEqualTo(200);
    assertThat(alice.heard()).contains("\\u0000", "\ud83d\ude00");
    assertThat(alice.heard()).contains("xxx\"");
    assertThat(alice.heard()).contains("\"message\":null");
  }

  // --- users -----------------------------------------------------------------------------------

  @Test
  void a_user_is_told_on_all_devices_and_by_a_match_on_one() throws Exception {
    WebSocketClient phone = loggedIn("ada");
    WebSocketClient laptop = loggedIn("ada");
    WebSocketClient bob = loggedIn("bob");
    server.api().connection(phone.id()).orElseThrow().set("device", "phone");
    String match = ",\"match\":{\"key\":\"device\",\"value\":\"phone\"}";
    List<Json.Obj> results =
        results(
            shop.publish(
                "{\"user\":\"ada\",\"message\":\"ring\"" + match + "}",
                "{\"users\":[\"bob\",\"ada\"],\"message\":\"news\"}"),
            200);
    assertThat(results.stream().map(each -> each.get("room").asText()))
        .containsExactly("@ada", "@bob", "@ada");
    assertThat(phone.heard()).contains("\"message\":\"ring\"", "\"room\":\"@ada\"");
    assertThat(phone.heard()).contains("\"message\":\"news\"");
    assertThat(laptop.heard()).contains("\"message\":\"news\"");
    assertThat(bob.heard()).contains("\"message\":\"news\"", "\"room\":\"@bob\"");
  }

  // --- repeats ---------------------------------------------------------------------------------

  @Test
  void a_message_with_the_id_of_an_earlier_one_is_not_told_again() throws Exception {
    TcpClient alice = in("attic");
    String once = "{\"room\":\"attic\",\"message\":\"%s\",\"id\":\"order-7\"}";
    long first = offset(results(shop.publish(once.formatted("first")), 200).getFirst());
    // Another request, another content, the other way to say it: the id alone counts.
    List<Json.Obj> again =
        results(shop.publish(once.formatted("again"), message("attic", "\"next\"")), 200);
    Response single =
        shop.post("/admin/rooms/attic/messages", "{\"message\":\"third\",\"id\":\"order-7\"}");
    assertThat(offset(again.getFirst())).isEqualTo(first);
    assertThat(single.status()).isEqualTo(201);
    assertThat(offset((Json.Obj) Json.parse(single.body()))).isEqualTo(first);
    assertThat(alice.heard()).contains("first");
    assertThat(alice.heard()).contains("next");
    String elsewhere = once.formatted("there").replace("attic", "cellar");
    assertThat(offset(results(shop.publish(elsewhere), 200).getFirst())).as("a room").isEqualTo(1);
    assertThat(shop.get("/admin/rooms/cellar/messages").body()).contains("there");
  }

  @Test
  void a_request_with_the_key_of_an_earlier_one_gets_its_answer() {
    TcpClient alice = in("attic");
    String body = "{\"messages\":[" + message("attic", 1) + "," + message("attic", 2) + "]}";
    Response first = shop.post("/admin/publish", body, "Idempotency-Key: a");
    Response again = shop.post("/admin/publish", body, "Idempotency-Key: a");
    Response other = shop.post("/admin/publish", body, "Idempotency-Key: b");
    Response wrong = shop.post("/admin/publish", body + " ", "Idempotency-Key: a");
    assertThat(first.status()).isEqualTo(200);
    assertThat(again.body()).isEqualTo(first.body());
    assertThat(other.body()).isNotEqualTo(first.body());
    assertThat(wrong.status()).isEqualTo(422);
    for (int expected : List.of(1, 2, 1, 2)) {
      assertThat(alice.heard()).contains("\"message\":" + expected + ",");
    }
  }

  // --- who may, and what is written down -------------------------------------------------------

  @Test
  void a_key_that_reads_may_read_any_room_and_publish_nothing() {
    AdminClient watch = new AdminClient(server.httpPort(), READ_KEY);
    assertThat(watch.publish(message("attic", 1)).status()).isEqualTo(403);
    assertThat(new AdminClient(server.httpPort(), "x").publish(message("attic", 1)).status())
        .isEqualTo(401);
    for (String room : List.of("closed.board", "@ada")) {
      assertThat(shop.publish(message(room, "\"one\""), message(room, "\"two\"")).status())
          .isEqualTo(200);
      String path = "/admin/rooms/" + room + "/messages";
      assertThat(watch.get(path).body()).contains("\"one\"", "\"two\"").doesNotContain("more");
      String last = watch.get(path + "?before=&limit=1").body();
      assertThat(last).contains("\"two\"", "\"more\":true").doesNotContain("\"one\"");
      String epoch = last.replaceAll(".*\"epoch\":\"(\\w+)\".*", "$1");
      assertThat(watch.get(path + "?before=" + epoch + ":2").body())
          .contains("\"one\"", "\"more\":false")
          .doesNotContain("\"two\"");
      assertThat(watch.get(path + "?after=" + epoch + ":1").body())
          .contains("\"two\"", "\"recovered\":true")
          .doesNotContain("\"one\"");
      assertThat(watch.get(path + "?after=x").status()).isEqualTo(400);
    }
  }

  @Test
  void messages_do_not_fill_the_log_and_refused_ones_are_in_it() {
    try (var log = new Logged(Admin.class)) {
      shop.publish(message("attic", 1));
      shop.post("/admin/rooms/attic/messages", "{\"message\":1}");
      shop.publish("1");
      log.await("admin shop: POST /admin/publish: 400");
      assertThat(log.lines()).hasSize(1);
    }
  }

  // --- presence, joins and leaves --------------------------------------------------------------

  @Test
  void many_rooms_and_users_are_shown_at_once() {
    TcpClient alice = in("attic");
    in("attic");
    WebSocketClient ada = loggedIn("ada");
    assertThat(ada.ask("{\"event\":\"roomChange\",\"room\":\"cel/lar\"}")).contains("OK");
    String body =
        shop.get("/admin/presence?room=attic&room=cel%2Flar&room=nowhere&user=ada&user=bob").body();
    assertThat(body)
        .startsWith("{\"rooms\":[{\"room\":\"attic\",\"members\":[\"")
        .contains(alice.id(), "\"membersCount\":2")
        .contains("{\"room\":\"cel/lar\",\"members\":[\"" + ada.id() + "\"],\"membersCount\":1,")
        .contains("\"users\":[{\"id\":\"ada\",\"connections\":1,")
        .contains("{\"room\":\"nowhere\",\"members\":[],\"membersCount\":0}]")
        .contains("\"users\":[{\"id\":\"ada\",\"user\":{\"id\":\"ada\"},\"connections\":[{")
        .endsWith("{\"id\":\"bob\",\"connections\":[],\"connectionsCount\":0,\"complete\":true}]}");
    assertThat(shop.get("/admin/presence?room=attic&limit=1").body()).contains("\"next\":");
    for (String wrong :
        List.of("", "?limit=1", "?room=a%00", "?room=", "?room=a&limit=0", "?user=")) {
      assertThat(shop.get("/admin/presence" + wrong).status()).as(wrong).isEqualTo(400);
    }
    assertThat(shop.get("/admin/presence?" + "room=a&".repeat(101)).status()).isEqualTo(400);
    assertThat(shop.get("/admin/presence?" + "room=a&".repeat(100)).status()).isEqualTo(200);
  }

  @Test
  void one_connection_is_made_to_join_and_leave_a_room() {
    TcpClient alice = in("attic");
    String path = "/admin/connections/" + alice.id() + "/rooms/cel%2Flar";
    String moved =
        "{\"id\":\"" + alice.id() + "\",\"room\":\"cel/lar\",\"connections\":%d,\"complete\":true}";
    assertThat(shop.ask("PUT", path, "").body()).isEqualTo(moved.formatted(1));
    assertThat(alice.next()).contains("\"room\":\"cel/lar\"", "\"status\":\"joined\"");
    assertThat(shop.ask("PUT", path, "").body()).as("again").isEqualTo(moved.formatted(0));
    shop.publish(message("cel/lar", "\"both\""));
    assertThat(alice.heard()).contains("both");
    assertThat(shop.ask("DELETE", path, "").body()).isEqualTo(moved.formatted(1));
    assertThat(alice.next()).contains("\"room\":\"cel/lar\"", "\"status\":\"left\"");
    String nobody = "/admin/connections/nobody/rooms/";
    assertThat(shop.ask("PUT", nobody + "attic", "").body()).contains("\"connections\":0");
    assertThat(shop.ask("PUT", nobody + "%40ada", "").status()).isEqualTo(400);
    assertThat(shop.ask("PUT", nobody + "a%0Ab", "").status()).isEqualTo(400);
    assertThat(shop.ask("PUT", nobody + "attic", "{\"x\":1}").status()).isEqualTo(400);
    assertThat(shop.ask("POST", nobody + "attic", "").status()).isEqualTo(405);
    // A star is a name, and no name of a collection.
    for (String odd : List.of("rooms%2F*", "users/ada/rooms%2F*", "users/ada/*/attic")) {
      assertThat(shop.ask("PUT", "/admin/" + odd, "").status()).as(odd).isEqualTo(404);
    }
  }

  @Test
  void a_thousand_messages_are_published_at_once() {
    TcpClient alice = in("attic");
    TcpClient bob = in("attic");
    var messages = new ArrayList<String>();
    for (int i = 0; i < 1_000; i++) {
      messages.add(message("cellar", i));
    }
    Response response = shop.publish(messages.toArray(String[]::new));
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.body()).contains("\"failed\":0", "\"index\":999");
    alice.ask("say hello");
    assertThat(bob.heard()).contains("hello");
  }
}
