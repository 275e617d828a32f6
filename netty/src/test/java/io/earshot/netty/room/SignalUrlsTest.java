package io.earshot.netty.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Signals over each transport, and those that HTTP clients post. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"LEAN_LINES", "EPOLL_LINES", "NIO_LINES"})
final class SignalUrlsTest {
  private static final String SIGNALS = RoomClients.ATTIC + "/signals";
  private static final String TYPING = "{\"signal\":true,\"kind\":\"typing\"}";
  private static final String TOLD = "\"kind\":\"typing\",\"signal\":true}";
  private static final String KEY = "a-key-that-nobody-guesses";

  @Parameter
  @SuppressWarnings("NullAway.Init")
  Kind kind;

  @RegisterExtension final RoomClients clients = new RoomClients();

  @BeforeEach
  void start() {
    clients.start(kind);
  }

  private Response signal(String body) {
    return clients.curl().post(SIGNALS, "application/json", body);
  }

  @Test
  void a_signal_reaches_the_clients_of_all_transports_but_no_poll_and_no_history() {
    StreamClient lines = clients.stream(RoomClients.ATTIC, StreamClient.LINES);
    StreamClient events = clients.stream(RoomClients.ATTIC, StreamClient.EVENTS);
    StreamClient several = clients.stream("/rooms?room=attic&room=b", StreamClient.EVENTS);
    WebSocketClient socket = clients.socket(RoomClients.ATTIC);
    TcpClient nc = clients.nc("attic");
    List.of(lines, events, several, several, several, socket).forEach(Client::next);
    String place = clients.post("hello");
    List.of(lines, events, several, socket, nc).forEach(Client::next);

    Response posted = signal(TYPING);
    assertThat(posted.status()).isEqualTo(202);
    String from = RoomClients.field(posted.body(), "from");
    for (Client each : List.of(lines, events, several, socket, nc)) {
      assertThat(each.next())
          .isEqualTo(
              "{\"context\":\"signal\",\"room\":\"attic\",\"from\":\"" + from + "\"," + TOLD);
    }
    assertThat(events.name).isEqualTo("signal");
    assertThat(several.name).isEqualTo("signal");
    assertThat(events.lastId).as("a signal has no id").isEqualTo(place);
    assertThat(nc.ask("{\"event\":\"signal\",\"signal\":1}")).contains("OK");
    for (Client each : List.of(lines, events, several, socket)) {
      assertThat(each.next()).contains(nc.id(), "\"signal\":1}");
    }
    socket.send("{\"event\":\"signal\",\"signal\":2}");
    assertThat(nc.next()).contains("\"signal\":2}");
    assertThat(clients.curl().get(RoomClients.MESSAGES).body())
        .contains("hello")
        .doesNotContain("signal");
  }

  @Test
  void the_client_of_a_stream_sends_signals_by_its_requests_and_does_not_receive_its_own() {
    TcpClient nc = clients.nc("attic");
    StreamClient stream = clients.stream("/rooms?room=attic&stream=" + KEY, StreamClient.EVENTS);
    stream.next();
    assertThat(stream.next()).contains("\"status\":\"OK\",\"room\":\"attic\"");
    String request =
        "{\"event\":\"signal\",\"room\":\"attic\",\"kind\":\"typing\",\"signal\":true}";
    assertThat(
            clients
                .curl()
                .post(
                    "/rooms",
                    "application/json",
                    "{\"stream\":\"" + KEY + "\",\"requests\":[" + request + "]}")
                .status())
        .isEqualTo(202);
    assertThat(nc.next()).endsWith(TOLD);
    assertThat(stream.next()).contains("\"status\":\"OK\",\"room\":\"attic\"");
    nc.send("say done");
    assertThat(stream.next()).contains("\"message\":\"done\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          400 | {}                                                            | a signal is required
          400 | []                                                            | the body must be one object
          400 | {"signal":1,"kind":""}                                        | has 1 to 64 characters
          400 | {"signal":1,"kind":1}                                         | kind must be a text
          400 | {"signal":1,"roomMatchKey":"id","roomMatchValue":"x"}         | roomMatchKey does not apply
          """)
  void a_signal_that_is_not_valid_is_a_problem_and_reaches_nobody(
      int status, String body, String why) {
    TcpClient nc = clients.nc("attic");
    Response problem = signal(body);
    RoomClients.assertProblem(problem, status);
    assertThat(problem.body()).contains(why);
    Response tooLong = signal("{\"signal\":\"" + "x".repeat(4_095) + "\"}");
    RoomClients.assertProblem(tooLong, 400);
    assertThat(tooLong.body()).contains("a signal has at most 4096 bytes as JSON");
    assertThat(clients.curl().post(SIGNALS, "text/plain", "x").status()).isEqualTo(415);
    assertThat(signal(TYPING).status()).isEqualTo(202);
    assertThat(nc.next()).endsWith(TOLD);
  }

  @Test
  void a_rule_a_token_and_the_method_are_checked() {
    clients.restart("rooms.rules=still signal=nobody, private.* announcements=false");
    HttpClient curl = clients.curl();
    Response still = curl.post("/signals?room=still", "application/json", TYPING);
    RoomClients.assertProblem(still, 403);
    assertThat(still.body()).contains("you may not send signals in this room");
    var room = clients.server().api().chatRoom().createPrivateRoom();
    String url = "/signals?room=" + room.name();
    assertThat(curl.post(url, "application/json", TYPING).status()).isEqualTo(403);
    String token = room.token("ada", Duration.ofHours(1));
    assertThat(curl.post(url + "&token=" + token, "application/json", TYPING).status())
        .isEqualTo(202);
    Response other = curl.post("/signals?room=attic&token=" + token, "application/json", TYPING);
    assertThat(other.body()).contains("this token is for another room");
    RoomClients.assertProblem(curl.post("/signals", "application/json", TYPING), 400);
    RoomClients.assertProblem(curl.get(SIGNALS), 405);
    curl.sendRequest("OPTIONS", SIGNALS, "");
    assertThat(curl.response().header("allow")).containsExactly("POST, OPTIONS");
    curl.sendRequest(
        "POST", SIGNALS, TYPING, "Content-Type: application/json", "Origin: https://evil.example");
    RoomClients.assertProblem(curl.response(), 403);
  }
}
