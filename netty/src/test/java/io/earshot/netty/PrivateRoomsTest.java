package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.Permission;
import io.earshot.PrivateRoom;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.io.Closeable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Private rooms over real sockets: each transport requires the token. */
final class PrivateRoomsTest {
  private static final String NONE = "Error: this room asks for a token";

  private final Deque<Closeable> open = new ConcurrentLinkedDeque<>();
  private EarshotServer server = Kind.LEAN_LINES.start(config());
  private final PrivateRoom room = server.api().chatRoom().createPrivateRoom();

  private static Config config() {
    return Config.defaults()
        .with("rooms.announcements", false)
        .with("commonWeb.cookieSecret", "a secret that is the same after a restart");
  }

  @AfterEach
  void stop() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
    server.close();
  }

  private <T extends Closeable> T opened(T client) {
    open.push(client);
    return client;
  }

  private HttpClient curl() {
    return opened(new HttpClient(server.httpPort(), false));
  }

  private String url(String more) {
    return "/rooms/" + room + more;
  }

  private String token(Permission... allowed) {
    return room.token("ada", Duration.ofHours(1), Set.of(allowed));
  }

  private String all() {
    return room.token("ada", Duration.ofHours(1));
  }

  /** A client that is in the room already. */
  private TcpClient insider() {
    TcpClient client = opened(TcpClient.welcomed(server.tcpPort()));
    assertThat(client.ask("roomChange " + room + " token=" + all())).contains("OK");
    return client;
  }

  private static void assertRefused(Response response, String why) {
    assertThat(response.status()).isEqualTo(403);
    assertThat(response.body()).contains("\"detail\":\"" + why + "\"");
  }

  // --- lines and frames ------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"LEAN_LINES", "LEAN_FRAMES", "EPOLL_TLS_FRAMES"})
  void a_client_sends_its_token_with_the_room(Kind kind) {
    server.close();
    server = kind.start(config());
    PrivateRoom there = server.api().chatRoom().createPrivateRoom();
    try (Client client = kind.welcomed(server)) {
      for (String event : List.of("roomChange", "roomAdd", "listenToRoom")) {
        String asked = "{\"event\":\"" + event + "\",\"room\":\"" + there + "\"";
        assertThat(client.ask(asked + "}")).contains(NONE);
        assertThat(client.ask(asked + ",\"token\":\"x.y.z\"}"))
            .contains("Error: this token is not valid");
      }
      String token = there.token("ada", Duration.ofHours(1));
      for (String event : List.of("roomAdd", "roomChange", "listenToRoom")) {
        assertThat(
                client.ask(
                    "{\"event\":\"%s\",\"room\":\"%s\",\"token\":\"%s\"}"
                        .formatted(event, there, token)))
            .contains("\"status\":\"OK\"");
      }
      assertThat(client.ask("{\"event\":\"say\",\"message\":\"in\"}")).contains("\"OK\"");
      assertThat(client.ask("{\"event\":\"tokenRefresh\",\"token\":\"" + token + "\"}"))
          .contains("\"rooms\":[\"" + there + "\"]", "\"expiresAt\":");
    }
  }

  @Test
  void a_websocket_at_the_url_of_the_room_is_told_why_it_is_refused() {
    TcpClient insider = insider();
    WebSocketClient let = socket(url("?token=" + all()));
    assertThat(let.next()).contains("\"welcome\"", room.name());
    insider.ask("say hello");
    assertThat(let.heard()).contains("\"message\":\"hello\"");
    WebSocketClient not = socket(url(""));
    assertThat(not.next()).contains("\"status\":\"Bye!\"", NONE);
    assertThat(not.rest()).isEmpty();
  }

  private WebSocketClient socket(String path) {
    WebSocketClient client = opened(WebSocketClient.raw(server.httpPort()));
    client.text(WebSocketClient.handshake(path));
    assertThat(client.head()).startsWith("HTTP/1.1 101 ");
    return client;
  }

  // --- HTTP ------------------------------------------------------------------------------------

  @Test
  void a_stream_needs_the_permission_to_join() {
    assertRefused(curl().get(url(""), "Accept: text/event-stream"), NONE);
    assertRefused(
        curl().get(url("?token=" + token(Permission.LISTEN)), "Accept: text/event-stream"),
        "Error: you may not join this room");
    StreamClient stream =
        opened(
            StreamClient.open(
                server.httpPort(),
                url(""),
                "Accept: application/x-ndjson",
                "Authorization: Bearer " + all()));
    assertThat(stream.next()).contains("welcome");
    insider().ask("say hello");
    assertThat(stream.heard()).contains("hello");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/messages", "/messages?wait=10000"})
  void the_status_of_a_private_room_needs_the_permission_to_listen(String path) {
    insider().ask("say secret");
    assertRefused(curl().get(url(path)), NONE);
    assertRefused(
        curl().get(url(path), "Authorization: Bearer " + token(Permission.SAY)),
        "Error: you may not listen to this room");
    assertThat(curl().get(url(path), "authorization: bearer " + token(Permission.LISTEN)).body())
        .contains(path.isEmpty() ? "\"membersCount\":1" : "secret");
  }

  @Test
  void a_post_needs_the_permission_to_say() {
    TcpClient insider = insider();
    String json = "application/json";
    String hello = "{\"message\":\"hello\"}";
    assertRefused(curl().post(url("/messages"), json, hello), NONE);
    assertRefused(
        curl().post(url("/messages?token=" + token(Permission.JOIN)), json, hello),
        "Error: you may not say anything in this room");
    assertThat(curl().post(url("/messages?token=" + token(Permission.SAY)), json, hello).status())
        .isEqualTo(201);
    assertThat(insider.heard()).contains("hello");
  }

  @Test
  void the_rules_of_a_room_hold_for_posts_too() {
    server.close();
    server = Kind.LEAN_LINES.start(config().with("rooms.rules", "news say=nobody messageBytes=5"));
    assertRefused(
        curl().post("/rooms/news/messages", "text/plain", "x"),
        "Error: you may not say anything in this room");
  }

  // --- the chat action -------------------------------------------------------------------------

  private HttpClient browser() {
    return opened(new HttpClient(server.httpPort(), true));
  }

  private static String chat(String method) {
    return "/?action=chat&method=" + method;
  }

  @Test
  void without_queues_each_request_needs_the_token() {
    TcpClient insider = insider();
    HttpClient browser = browser();
    assertThat(browser.get(chat("roomChange&room=" + room)).body()).contains(NONE);
    assertThat(browser.get(chat("roomView")).body()).contains("\"room\":\"defaultRoom\"");
    String token = "&token=" + all();
    assertThat(browser.get(chat("roomChange&room=" + room + token)).body())
        .contains("\"room\":\"" + room + "\"");
    assertThat(browser.get(chat("say&message=no")).body()).contains(NONE);
    assertThat(browser.get(chat("roomView")).body()).contains(NONE);
    assertThat(browser.get(chat("say&message=yes" + token)).body()).doesNotContain("\"error\"");
    assertThat(insider.heard()).contains("\"message\":\"yes\"");
    assertThat(browser.get(chat("roomView" + token)).body()).contains("\"membersCount\":1");
  }

  @Test
  void a_cookie_that_names_the_room_is_no_token() {
    server.close();
    server = Kind.LEAN_LINES.start(config().with("commonWeb.httpClientMessageTTL", "30s"));
    TcpClient insider = insider();
    HttpClient thief = browser();
    thief.setCookie("__room", room.name());
    assertThat(thief.get(chat("messages")).body()).contains("\"message\":null");
    insider.ask("say secret");
    assertThat(thief.get(chat("messages&wait=1")).body()).contains("\"message\":null");
    assertThat(thief.get(chat("roomView")).body()).contains("\"room\":\"defaultRoom\"");
    assertThat(insider.ask("roomView")).contains("\"membersCount\":1");
  }

  @Test
  void with_queues_the_token_is_sent_once() {
    server.close();
    server = Kind.LEAN_LINES.start(config().with("commonWeb.httpClientMessageTTL", "30s"));
    PrivateRoom there = server.api().chatRoom().privateRoom(room.name());
    HttpClient browser = browser();
    String token = there.token("ada", Duration.ofHours(1));
    assertThat(browser.get(chat("roomChange&room=" + room + "&token=" + token)).body())
        .contains("\"room\":\"" + room + "\"");
    TcpClient insider = opened(TcpClient.welcomed(server.tcpPort()));
    insider.ask("roomChange " + room + " token=" + token);
    assertThat(browser.get(chat("say&message=hello")).body()).doesNotContain("\"error\"");
    assertThat(insider.heard()).contains("\"message\":\"hello\"");
    insider.ask("say welcome");
    assertThat(browser.get(chat("messages&wait=10000")).body()).contains("welcome");
    assertThat(browser.get(chat("tokenRefresh&token=" + token)).body())
        .contains("\"rooms\":[\"" + room + "\"]", "\"expiresAt\":");
    assertThat(browser.get(chat("tokenRefresh&token=x.y.z")).body())
        .contains("Error: this token is not valid");
  }

  @Test
  void a_cookie_and_an_action_do_not_let_a_client_speak_in_a_private_room() {
    server
        .api()
        .actions()
        .add(
            Action.of(
                "shout",
                call -> {
                  var _ =
                      call.api()
                          .chatRoom()
                          .socketRoomBroadcast(
                              call.connection(), "from " + call.connection().room());
                  call.put("in", call.connection().room());
                }));
    TcpClient insider = insider();
    HttpClient thief = browser();
    thief.setCookie("__room", room.name());
    assertThat(thief.get("/shout").body()).contains("\"in\":\"defaultRoom\"");
    HttpClient guest = browser();
    guest.setCookie("__room", room.name());
    assertThat(guest.get("/shout?token=" + all()).body()).contains("\"in\":\"" + room + "\"");
    assertThat(insider.heard()).contains("\"message\":\"from private.");
  }

  @Test
  void a_poll_of_several_rooms_verifies_each_token_once() {
    PrivateRoom other = server.api().chatRoom().createPrivateRoom();
    HttpClient poller = curl();
    List<String> entries = new ArrayList<>(Collections.nCopies(20, entry(room, "no token")));
    entries.add(entry(room, token(Permission.LISTEN)));
    entries.add(entry(other, token(Permission.LISTEN)));
    entries.add(entry(room, token(Permission.SAY)));
    entries.addAll(Collections.nCopies(20, entry(room, "nor this")));
    String answer =
        poller
            .post("/rooms", "application/json", "{\"rooms\":[" + String.join(",", entries) + "]}")
            .body();
    assertThat(answer.split("\\{\"", -1))
        .filteredOn(each -> each.contains("this token is not valid"))
        .hasSize(40);
    assertThat(answer.split("\\{\"", -1))
        .filteredOn(each -> each.contains("\"messages\":[]"))
        .hasSize(1);
    assertThat(answer).contains("this token is for another room", "you may not listen");
    // Two tokens that are not valid, and the one that is for another room.
    assertThat(curl().get("/status").body()).contains("\"rules\":1,\"tokens\":3");
  }

  @Test
  void a_waiting_poll_of_several_rooms_verifies_no_token_again() {
    TcpClient insider = insider();
    HttpClient waiting = curl();
    String token = room.token("ada", Duration.ofSeconds(2), Set.of(Permission.LISTEN));
    waiting.sendRequest(
        "POST",
        "/rooms",
        "{\"wait\":20000,\"rooms\":[" + entry(room, token) + "," + entry(room, token) + "]}",
        "Content-Type: application/json");
    Await.until("it waits", () -> server.waitingPolls() == 2);
    Await.until(
        "the token has ended", () -> curl().get(url("/messages?token=" + token)).status() == 403);
    insider.ask("say secret");
    assertThat(waiting.response().body())
        .contains("Error: this token expired ")
        .doesNotContain("secret");
    // The entries of the poll were refused by the rule of the room. So was the request above if its
    // token ended between the look at the token and that at the room.
    assertThat(curl().get("/status").body())
        .containsAnyOf("\"rules\":2,\"tokens\":1", "\"rules\":3,\"tokens\":0");
  }

  private static String entry(PrivateRoom room, String token) {
    return "{\"room\":\"" + room + "\",\"token\":\"" + token + "\"}";
  }

  @Test
  void a_waiting_poll_gets_no_message_that_is_said_after_its_token_has_ended() {
    TcpClient insider = insider();
    HttpClient waiting = curl();
    String token = room.token("ada", Duration.ofSeconds(2), Set.of(Permission.LISTEN));
    waiting.sendRequest("GET", url("/messages?wait=20000&token=" + token), "");
    Await.until("it waits", () -> server.waitingPolls() == 1);
    Await.until(
        "the token has ended", () -> curl().get(url("/messages?token=" + token)).status() == 403);
    insider.ask("say secret");
    Response refused = waiting.response();
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.body()).contains("\"detail\":\"Error: this token expired ");
  }
}
