package io.earshot.netty.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Reading the messages of a room, at once or with a poll that waits. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"LEAN_LINES", "EPOLL_LINES", "NIO_LINES"})
final class RoomPollTest {
  @Parameter
  @SuppressWarnings("NullAway.Init")
  Kind kind;

  @RegisterExtension final RoomClients clients = new RoomClients();

  @BeforeEach
  void start() {
    clients.start(kind);
  }

  @Test
  void a_poll_waits_for_a_message_and_costs_no_action() {
    String known = clients.post("known");
    HttpClient poll = clients.curl();
    poll.sendRequest("GET", RoomClients.MESSAGES + "?wait=3600000&after=" + known, "");
    clients.awaitPolls(1);
    assertThat(clients.server().api().actions().running()).isZero();
    String place = clients.post("new");
    Response response = poll.response();
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.header("cache-control")).containsExactly("no-store");
    assertThat(RoomClients.texts(response.body())).containsExactly("new");
    assertThat(response.body()).endsWith(",\"recovered\":true}");
    assertThat(response.body()).contains("\"epoch\":\"" + place.replace(":", "\",\"offset\":"));
    clients.awaitPolls(0);
    assertThat(poll.get(RoomClients.MESSAGES + "?after=" + place).body())
        .contains("\"messages\":[]");
  }

  @Test
  void a_poll_that_times_out_is_answered_and_its_connection_lives() {
    HttpClient poll = clients.curl();
    assertThat(poll.get("/rooms/nowhere/messages?wait=50").body())
        .isEqualTo("{\"room\":\"nowhere\",\"messages\":[]}");
    String now = clients.post("one");
    String body = poll.get(RoomClients.MESSAGES + "?wait=50&after=" + now).body();
    assertThat(body).contains("\"messages\":[]");
    assertThat(RoomClients.cursor(body)).isEqualTo(now);
    clients.awaitPolls(0);
  }

  @Test
  void a_poll_ends_when_its_client_disconnects() {
    HttpClient reset = clients.curl();
    reset.sendRequest("GET", RoomClients.MESSAGES + "?wait=20000", "");
    clients.awaitPolls(1);
    reset.reset();
    clients.awaitPolls(0);
    HttpClient closed = clients.curl();
    closed.sendRequest("GET", RoomClients.MESSAGES + "?wait=20000", "");
    clients.awaitPolls(1);
    closed.close();
    clients.awaitPolls(0);
    HttpClient asksMore = clients.curl();
    asksMore.sendRequest("GET", RoomClients.MESSAGES + "?wait=20000", "");
    asksMore.text("GET " + RoomClients.ATTIC + " HTTP/1.1\r\nHost: x\r\n\r\n");
    clients.awaitPolls(1);
    clients.post("for who asks more");
    assertThat(RoomClients.texts(asksMore.response().body())).containsExactly("for who asks more");
    assertThat(asksMore.response().body()).startsWith("{\"room\":\"attic\"");
    assertThat(clients.curl().get("/rooms/nowhere").body())
        .isEqualTo("{\"room\":\"nowhere\",\"members\":[],\"membersCount\":0}");
  }

  @Test
  void the_number_of_waiting_polls_is_bounded() throws Exception {
    clients.restart("limits.waitingPolls=1");
    clients.curl().sendRequest("GET", RoomClients.MESSAGES + "?wait=20000", "");
    clients.awaitPolls(1);
    HttpClient refused = clients.curl();
    RoomClients.assertProblem(refused.get("/rooms/cellar/messages?wait=20000"), 503);
    assertThat(refused.get("/rooms/cellar/messages").status()).isEqualTo(200);
  }

  @Test
  void a_server_that_stops_answers_waiting_polls() {
    HttpClient poll = clients.curl();
    poll.sendRequest("GET", RoomClients.MESSAGES + "?wait=20000", "");
    clients.awaitPolls(1);
    clients.server().close();
    assertThat(poll.response().body()).contains("\"messages\":[]");
    assertThat(poll.read()).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "wait=-1",
        "wait=x",
        "wait=",
        "wait=1e3",
        "wait=9999999999",
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1&limit=2",
        "wait=%zz"
      })
  void an_invalid_number_is_a_problem(String query) {
    RoomClients.assertProblem(clients.curl().get(RoomClients.MESSAGES + "?" + query), 400);
  }

  @Test
  void a_limit_bounds_the_answer_and_its_cursor_continues_it() {
    String at = clients.post("0");
    RoomClients.numbers(1, 5).forEach(clients::post);
    String page = clients.curl().get(RoomClients.MESSAGES + "?limit=2&after=" + at).body();
    assertThat(RoomClients.texts(page)).containsExactly("1", "2");
    String end = page.substring(page.indexOf("]"));
    page =
        clients
            .curl()
            .get(RoomClients.MESSAGES + "?limit=1000000&after=" + RoomClients.cursor(end))
            .body();
    assertThat(RoomClients.texts(page)).containsExactly("3", "4", "5");
    assertThat(RoomClients.texts(clients.curl().get(RoomClients.MESSAGES + "?limit=2").body()))
        .containsExactly("4", "5");
  }
}
