package io.earshot.backend.hook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.earshot.backend.http.RawBackEnd;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.Logged;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Back ends that decide about clients, over real sockets. */
final class HttpHooksTest extends HooksTestCase {
  private static final List<String> SAYS = List.of("say lobby* URL timeout=20s");
  private static final String PATIENT = "hooks.timeout=30s";

  private static String say(String text) {
    return "{\"event\":\"say\",\"message\":\"" + text + "\"}";
  }

  private static String change(String room) {
    return "{\"event\":\"roomChange\",\"room\":\"" + room + "\"}";
  }

  // --- what a back end is asked, and decides ---------------------------------------------------

  @ParameterizedTest
  @EnumSource(names = {"LEAN_LINES", "LEAN_FRAMES"})
  void it_allows_changes_and_refuses_messages(Kind kind) {
    backEnd.manner =
        saying(
            "rude",
            "{\"refuse\":\"be nice\"}",
            "darn",
            "{\"message\":\"d***\",\"more\":[1]}",
            "no",
            "{\"allow\":false}",
            "yes",
            "{\"allow\":true}",
            "null",
            "{\"message\":null,\"refuse\":null}");
    start(SAYS, PATIENT);
    Client speaker = clients.client(kind);
    Client hearer = clients.client(kind);
    speaker.ask(change("lobby"));
    hearer.ask(change("lobby"));
    assertThat(speaker.ask(say("rude"))).contains("\"error\":\"Error: be nice\"");
    assertThat(speaker.ask(say("no"))).contains("\"error\":\"Error: the server refuses this\"");
    assertThat(speaker.ask(say("darn"))).contains("OK");
    assertThat(speaker.ask(say("yes"))).contains("OK");
    assertThat(speaker.ask(say("null"))).contains("OK");
    assertThat(speaker.ask(say("hello"))).contains("OK");
    assertThat(hearer.heard()).contains("\"message\":\"d***\"");
    assertThat(hearer.heard()).contains("\"message\":\"yes\"");
    assertThat(hearer.heard()).contains("\"message\":\"null\"");
    assertThat(hearer.heard()).contains("\"message\":\"hello\"");
    assertThat(backEnd.waiting()).isEqualTo(6);
    speaker.ask(change("attic"));
    assertThat(speaker.ask(say("rude"))).as("in a room without a rule").contains("OK");
    assertThat(backEnd.waiting()).isEqualTo(6);
  }

  @Test
  void it_reads_who_says_what_where() {
    EarshotServer server = start(SAYS, PATIENT);
    TcpClient client = clients.lines();
    client.ask(change("lobby"));
    String id = client.id();
    server.api().connection(id).orElseThrow().set("auth", "true");
    assertThat(client.ask("{\"event\":\"say\",\"message\":{\"n\":1.50}}")).contains("OK");
    RawBackEnd.Received request = backEnd.next();
    Json.Obj question = object(request.body());
    assertThat(at(question, "event")).isEqualTo("say");
    assertThat(at(question, "id")).startsWith("hook_").isEqualTo(request.header("webhook-id"));
    assertThat(Long.parseLong(at(question, "at")) / 100_000)
        .isEqualTo(Long.parseLong(request.header("webhook-timestamp")) / 100);
    assertThat(at(question, "server")).isEqualTo("one");
    assertThat(at(question, "room")).isEqualTo("lobby");
    assertThat(at(question, "message")).isEqualTo("{\"n\":1.50}");
    assertThat(at(question, "connection", "id")).isEqualTo(id);
    assertThat(at(question, "connection", "transport")).isEqualTo("tcp");
    assertThat(at(question, "connection", "address")).isEqualTo("127.0.0.1");
    assertThat(at(question, "connection", "room")).isEqualTo("lobby");
    assertThat(at(question, "connection", "user")).isEqualTo("nothing");
    assertThat(at(question, "connection", "attributes")).isEqualTo("{\"auth\":\"true\"}");
  }

  @Test
  void it_decides_who_connects_as_whom_and_into_which_rooms() {
    backEnd.manner =
        saying(
            "Mozilla",
            "{\"user\":{\"id\":\"ada\",\"name\":\"Ada\"},\"attributes\":{\"plan\":\"pro\",\"age\":7},\"rooms\":[\"attic\",\"cellar\"]}",
            "curl",
            "{\"refuse\":\"no robots\"}");
    EarshotServer server =
        start(List.of("connect * URL timeout=20s"), PATIENT, "backEnds.headers=User-Agent");
    server
        .api()
        .hooks()
        .onLogin(
            token -> new Json.Obj(Map.of("sub", Json.of("bob"), "exp", Json.of(4_000_000_000L))));
    var socket = clients.opened(WebSocketClient.raw(server.httpPort()));
    socket.text(
        WebSocketClient.handshake(
            "/?plan=7&token=secret", "User-Agent: Mozilla\r\nCookie: session=secret\r\n"));
    assertThat(socket.head()).contains(" 101 ");
    assertThat(socket.reply()).contains("\"welcome\"");
    assertThat(socket.next()).contains("\"room\":\"attic\"", "joined");
    assertThat(socket.next()).contains("\"room\":\"cellar\"", "joined");
    String body = backEnd.next().body();
    Json.Obj question = object(body);
    assertThat(at(question, "event")).isEqualTo("connect");
    assertThat(at(question, "headers")).isEqualTo("{\"user-agent\":\"Mozilla\"}");
    assertThat(at(question, "query")).isEqualTo("{\"plan\":[\"7\"]}");
    assertThat(at(question, "claims", "sub")).isEqualTo("bob");
    assertThat(at(question, "connection", "user", "id")).isEqualTo("bob");
    assertThat(body).doesNotContain("secret");
    var connection = server.api().connections().iterator().next();
    assertThat(String.valueOf(connection.user())).contains("ada");
    assertThat(connection.attributes()).containsEntry("plan", "pro").containsEntry("age", "7");

    var refused = clients.opened(WebSocketClient.raw(server.httpPort()));
    refused.text(WebSocketClient.handshake("/", "User-Agent: curl\r\n"));
    refused.head();
    assertThat(refused.rest()).last().asString().contains("Error: no robots");
    assertThat(server.api().connections()).hasSize(1);
    // A client of TCP has no headers, and is allowed.
    assertThat(clients.lines().ask(say("hello"))).contains("OK");
  }

  @Test
  void it_decides_who_joins_or_listens() {
    backEnd.manner = saying("\"room\":\"club.1\"", "{\"refuse\":\"members only\"}");
    EarshotServer server = start(List.of("join club.* URL timeout=20s"), PATIENT);
    TcpClient client = clients.lines();
    assertThat(client.ask(change("club.1"))).contains("\"error\":\"Error: members only\"");
    assertThat(client.ask(change("club.2"))).contains("OK");
    assertThat(client.ask("{\"event\":\"listenToRoom\",\"room\":\"club.3\"}")).contains("OK");
    assertThat(at(question(), "what")).isEqualTo("join");
    assertThat(at(question(), "room")).isEqualTo("club.2");
    assertThat(at(question(), "what")).isEqualTo("listen");
    try (var stream = StreamClient.open(server.httpPort(), "/rooms/club.1", StreamClient.LINES)) {
      assertThat(stream.rest().toString()).contains("Error: members only");
    }
  }

  @Test
  void posts_to_a_room_are_decided_about_as_well() {
    backEnd.manner = saying("rude", "{\"refuse\":\"be nice\"}", "darn", "{\"message\":\"d***\"}");
    start(List.of("say * URL timeout=20s"), PATIENT);
    TcpClient hearer = clients.lines();
    HttpClient web = clients.curl();
    assertThat(web.post("/rooms/defaultRoom/messages", "text/plain", "darn").status())
        .isEqualTo(201);
    assertThat(hearer.heard()).contains("\"message\":\"d***\"");
    var refused = web.post("/rooms/defaultRoom/messages", "text/plain", "rude");
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.body()).contains("Error: be nice");
  }

  // --- actions ---------------------------------------------------------------------------------

  @Test
  void it_answers_actions_on_each_transport() {
    backEnd.manner =
        saying(
            "\"order\":\"7\"",
            "{\"refunded\":true,\"amount\":1.50,\"more\":{\"a\":[null]}}",
            "\"order\":\"8\"",
            "{\"error\":\"it was refunded already\"}");
    start(List.of("action refund,cancel URL timeout=20s param=order"), PATIENT);
    String answer = "\"refunded\":true,\"amount\":1.50,\"more\":{\"a\":[null]}";
    TcpClient lines = clients.lines();
    assertThat(lines.ask("{\"action\":\"refund\",\"params\":{\"order\":\"7\",\"token\":\"t\"}}"))
        .contains(answer, "\"context\":\"response\"");
    Json.Obj question = question();
    assertThat(at(question, "event")).isEqualTo("action");
    assertThat(at(question, "action")).isEqualTo("refund");
    assertThat(at(question, "params")).isEqualTo("{\"order\":\"7\"}");
    assertThat(at(question, "connection", "id")).isEqualTo(lines.id());
    assertThat(lines.ask("{\"action\":\"refund\",\"params\":{\"order\":\"8\"}}"))
        .contains("\"error\":\"Error: it was refunded already\"");
    assertThat(lines.ask("{\"action\":\"cancel\",\"params\":{}}"))
        .contains("\"context\":\"response\"");
    Client frames = clients.client(Kind.LEAN_FRAMES);
    assertThat(
            frames.ask("{\"event\":\"action\",\"params\":{\"action\":\"refund\",\"order\":\"7\"}}"))
        .contains(answer);
    HttpClient web = clients.curl();
    assertThat(web.get("/refund?order=7").body()).contains("\"refunded\":true");
    assertThat(web.post("/refund", "application/json", "{\"order\":\"8\"}").body())
        .contains("Error: it was refunded already");
  }

  @Test
  void an_action_that_is_not_answered_is_an_error_and_is_not_sent_twice() {
    backEnd.manner = (_, out) -> out.close();
    start(List.of("action refund URL"));
    assertThat(clients.lines().ask("{\"action\":\"refund\",\"params\":{}}"))
        .contains("\"error\":\"Error: the server cannot do this now; try again later\"");
    assertThat(backEnd.waiting()).isEqualTo(1);
    backEnd.manner = RawBackEnd.saying("[1]");
    assertThat(clients.lines().ask("{\"action\":\"refund\",\"params\":{}}"))
        .contains("\"error\":\"Error: the server cannot do this now; try again later\"");
  }

  // --- order, and others -----------------------------------------------------------------------

  @Test
  void messages_of_a_client_keep_their_order_however_long_each_decision_takes() {
    int count = 50;
    backEnd.manner =
        (_, out) -> {
          LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(1_000_000));
          out.write(RawBackEnd.response("200 OK", ""));
        };
    start(List.of("say * URL timeout=20s"), PATIENT);
    Client one = clients.lines();
    Client two = clients.client(Kind.LEAN_FRAMES);
    Client hearer = clients.lines();
    for (int i = 0; i < count; i++) {
      one.send(say("one " + i));
      two.send(say("two " + i));
    }
    var heard = new ArrayList<String>();
    for (int i = 0; i < 2 * count; i++) {
      heard.add(hearer.heard().replaceAll(".*\"message\":\"([^\"]*)\".*", "$1"));
    }
    for (String who : List.of("one ", "two ")) {
      assertThat(heard.stream().filter(text -> text.startsWith(who)))
          .containsExactlyElementsOf(IntStream.range(0, count).mapToObj(i -> who + i).toList());
    }
  }

  @Test
  void nobody_else_waits_while_a_back_end_does_not_answer() {
    var other = new RawBackEnd(RawBackEnd.saying(""));
    try (other) {
      backEnd.manner =
          (request, out) -> {
            if (request.body().contains("hang")) {
              backEnd.closed.await();
              out.close();
              return;
            }
            out.write(RawBackEnd.response("200 OK", ""));
          };
      start(
          List.of("say swamp URL timeout=20s", "say lobby " + other.url() + " timeout=20s"),
          PATIENT);
      var stuck = new ArrayList<Client>();
      for (int i = 0; i < 10; i++) {
        Client client = clients.lines();
        stuck.add(client);
        assertThat(client.ask(change("swamp"))).contains("OK");
        client.send(say("hang"));
        backEnd.next();
      }
      // In the same room by the same rule, in another room by another rule, and in one without.
      for (String room : List.of("swamp", "lobby", "attic")) {
        Client speaker = clients.lines();
        Client hearer = clients.client(Kind.LEAN_FRAMES);
        speaker.ask(change(room));
        hearer.ask(change(room));
        for (int i = 0; i < 20; i++) {
          assertThat(speaker.ask(say("hello " + i))).contains("OK");
          assertThat(hearer.heard()).contains("hello " + i);
        }
      }
      assertThat(backEnd.ended).as("questions that were given up").hasValue(0);
      backEnd.close(); // ends the connections without an answer
      for (Client client : stuck) {
        assertThat(client.reply()).contains("Error: the server cannot decide now");
      }
    }
  }

  @Test
  void the_question_of_a_client_that_disconnects_is_given_up() {
    backEnd.manner = RawBackEnd.NEVER;
    start(List.of("action slow URL timeout=20s"), PATIENT);
    HttpClient client = clients.curl();
    client.sendRequest("GET", "/slow", "");
    backEnd.next();
    assertThat(at(report(), "waiting")).isEqualTo("1");
    client.reset();
    Await.until("its connection ends", () -> backEnd.ended.get() == 1);
    Await.until("nothing waits", () -> at(report(), "waiting").equals("0"));
  }

  // --- the start -------------------------------------------------------------------------------

  @Test
  void rules_that_are_wrong_refuse_the_start() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> start(List.of("tell * URL")))
        .withMessageContaining("hooks.http: 'tell * http://127.0.0.1:")
        .withMessageContaining("there is no event 'tell'");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> start(List.of("action status URL")))
        .withMessage("hooks.http: this server has an action 'status' already; choose another name");
  }

  @Test
  void a_server_that_does_not_sign_its_requests_says_so() {
    try (var log = new Logged(HttpHooks.class)) {
      start(SAYS, PATIENT, "backEnds.secrets=whsec_" + "A".repeat(32));
      assertThat(log.lines()).isEmpty();
      start(SAYS, PATIENT);
      assertThat(log.lines()).singleElement().asString().contains("set backEnds.secrets");
    }
  }
}
