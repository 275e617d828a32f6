package io.earshot.netty.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Transport;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams and WebSockets at the URL of a room, and how a client resumes them. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"LEAN_LINES", "EPOLL_LINES", "NIO_LINES"})
final class RoomStreamTest {
  @Parameter
  @SuppressWarnings("NullAway.Init")
  Kind kind;

  @RegisterExtension final RoomClients clients = new RoomClients();

  @BeforeEach
  void start() {
    clients.start(kind);
  }

  @Test
  void http_websocket_and_tcp_clients_are_in_one_room() {
    StreamClient lines = clients.stream(RoomClients.ATTIC, StreamClient.LINES);
    StreamClient events = clients.stream(RoomClients.ATTIC, StreamClient.EVENTS);
    WebSocketClient socket = clients.socket(RoomClients.ATTIC);
    TcpClient nc = clients.nc("attic");
    for (Client each : List.of(lines, events, socket)) {
      assertThat(each.next()).contains("\"welcome\"", "\"room\":\"attic\"", "\"epoch\"");
    }
    assertThat(events.name).isEqualTo("welcome");
    String place = clients.post("Hello, all");
    for (Client each : List.of(lines, events, socket, nc)) {
      String heard = each.heard();
      assertThat(RoomClients.texts(heard)).containsExactly("Hello, all");
      assertThat(RoomClients.cursor(heard)).isEqualTo(place);
    }
    assertThat(events.name).isEqualTo("message");
    assertThat(events.lastId).isEqualTo(place);
    nc.ask("say Hello, curl");
    assertThat(RoomClients.texts(lines.heard())).containsExactly("Hello, curl");
    assertThat(RoomClients.texts(events.heard())).containsExactly("Hello, curl");
    String status = clients.curl().get(RoomClients.ATTIC).body();
    assertThat(status)
        .startsWith("{\"room\":\"attic\",\"members\":[")
        .contains("\"membersCount\":4");
    assertThat(RoomClients.field(status, "offset")).isEqualTo("2");
    assertThat(RoomClients.texts(clients.curl().get(RoomClients.MESSAGES).body()))
        .containsExactly("Hello, all", "Hello, curl");
    socket.close();
    lines.close();
    events.reset();
    clients.awaitMembers("attic", 1);
  }

  @Test
  void a_stream_names_its_type_and_ends_with_its_connection() throws Exception {
    StreamClient stream = clients.opened(new StreamClient(clients.server().httpPort(), null));
    stream.request(RoomClients.ATTIC, StreamClient.EVENTS);
    assertThat(stream.head())
        .contains("content-type: text/event-stream; charset=utf-8")
        .contains("cache-control: no-store", "x-accel-buffering: no", "connection: close")
        .contains("x-content-type-options: nosniff", "x-powered-by: Earshot")
        .doesNotContain("content-length", "chunked");
    assertThat(stream.next()).contains("\"welcome\"");
    assertThat(clients.server().api().connections())
        .singleElement()
        .satisfies(each -> assertThat(each.transport()).isEqualTo(Transport.STREAM));
    stream.text("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000)); // nobody listens
    clients.post("still here");
    assertThat(RoomClients.texts(stream.heard())).containsExactly("still here");
    stream.shutdownOutput();
    assertThat(stream.next()).isNull();
    clients.awaitMembers("attic", 0);
    StreamClient other = clients.stream(RoomClients.ATTIC, StreamClient.LINES);
    assertThat(other.next()).contains("\"welcome\"");
    clients.server().close();
    assertThat(other.next()).contains("\"reason\":\"server shutdown\"");
    assertThat(other.next()).isNull();
  }

  @Test
  void a_silent_stream_is_kept_alive_and_never_closed() throws Exception {
    clients.restart(
        "rooms.announcements=false", "webSockets.pingInterval=1s", "webSockets.idleTimeout=2s");
    List<StreamClient> streams =
        List.of(
            clients.stream(RoomClients.ATTIC, StreamClient.EVENTS),
            clients.stream(RoomClients.ATTIC, StreamClient.LINES));
    for (StreamClient stream : streams) {
      assertThat(stream.next()).contains("\"welcome\"");
    }
    TcpClient nc = clients.nc("attic");
    Await.until(
        "three pings each",
        () -> {
          nc.ask("say x");
          streams.forEach(StreamClient::heard);
          return streams.stream().allMatch(stream -> stream.pings >= 3);
        });
  }

  @Test
  void an_event_stream_resumes_after_its_last_event_without_loss_or_repeat() {
    StreamClient stream = clients.stream(RoomClients.ATTIC, StreamClient.EVENTS);
    assertThat(stream.next()).contains("\"welcome\"").doesNotContain("recovered");
    TcpClient nc = clients.nc("attic");
    var heard = new ArrayList<String>();
    int said = 0;
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 4; i++) {
        nc.ask("say " + ++said);
      }
      for (int i = 0; i < round; i++) {
        heard.add(RoomClients.texts(stream.heard()).getFirst());
      }
      stream.reset(); // in the middle of what it is told
      stream =
          clients.stream(
              RoomClients.ATTIC + "?after=dead:1",
              StreamClient.EVENTS,
              "Last-Event-ID: " + stream.lastId);
      assertThat(stream.next()).contains("\"recovered\":true");
      assertThat(stream.name).isEqualTo("welcome");
    }
    while (heard.size() < said) {
      heard.add(RoomClients.texts(stream.heard()).getFirst());
    }
    assertThat(heard).containsExactlyElementsOf(RoomClients.numbers(1, 20));
    nc.ask("say 21");
    assertThat(RoomClients.texts(stream.heard())).containsExactly("21");
  }

  @Test
  void every_way_of_listening_takes_a_cursor() {
    String known = clients.post("known");
    clients.post("missed");
    for (Client each :
        List.of(
            clients.stream(RoomClients.ATTIC + "?after=" + known, StreamClient.EVENTS),
            clients.stream(RoomClients.ATTIC + "?after=" + known, StreamClient.LINES),
            clients.socket(RoomClients.ATTIC + "?after=" + known))) {
      assertThat(each.next()).contains("\"welcome\"", "\"recovered\":true");
      assertThat(RoomClients.texts(each.heard())).containsExactly("missed");
    }
    assertThat(
            RoomClients.texts(clients.curl().get(RoomClients.MESSAGES + "?after=" + known).body()))
        .containsExactly("missed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"dead:1", "EPOCH:99", "EPOCH:999999999999999999", "OTHER"})
  void an_unknown_cursor_is_answered_with_the_current_one(String after) {
    String now = clients.post("one");
    String other =
        RoomClients.cursor(clients.curl().post("/rooms/cellar/messages", "text/plain", "x").body());
    String asked = after.replace("EPOCH", now.split(":", -1)[0]).replace("OTHER", other);
    for (Client each :
        List.of(
            clients.stream(RoomClients.ATTIC, StreamClient.EVENTS, "Last-Event-ID: " + asked),
            clients.stream(RoomClients.ATTIC + "?after=" + asked, StreamClient.LINES),
            clients.socket(RoomClients.ATTIC + "?after=" + asked))) {
      String welcome = String.valueOf(each.next());
      assertThat(welcome).contains("\"recovered\":false");
      assertThat(RoomClients.cursor(welcome)).isEqualTo(now);
    }
    String poll = clients.curl().get(RoomClients.MESSAGES + "?wait=20000&after=" + asked).body();
    assertThat(poll).contains("\"messages\":[]", "\"recovered\":false");
    assertThat(RoomClients.cursor(poll)).isEqualTo(now);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "1", ":1", "e:", "e:-1", "e:x", "e:99999999999999999999", "e:1&after=e:1"})
  void an_invalid_cursor_is_a_problem(String after) {
    clients.post("one");
    RoomClients.assertProblem(clients.curl().get(RoomClients.MESSAGES + "?after=" + after), 400);
    RoomClients.assertProblem(
        clients.curl().get(RoomClients.ATTIC + "?after=" + after, StreamClient.EVENTS), 400);
    RoomClients.assertProblem(
        clients.curl().get(RoomClients.ATTIC + "?after=" + after, StreamClient.LINES), 400);
    HttpClient socket = clients.curl();
    socket.text(WebSocketClient.handshake(RoomClients.ATTIC + "?after=" + after));
    RoomClients.assertProblem(socket.response(), 400);
    clients.awaitMembers("attic", 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "42", ":1", "e:", "e:-1", "e:x", "e:99999999999999999999", "null"})
  void a_last_event_id_that_is_no_cursor_starts_from_now_with_a_gap(String last) {
    String now = clients.post("one");
    StreamClient events =
        clients.stream(RoomClients.ATTIC, StreamClient.EVENTS, "Last-Event-ID: " + last);
    String welcome = String.valueOf(events.next());
    assertThat(welcome).contains("\"welcome\"", "\"recovered\":false");
    assertThat(RoomClients.cursor(welcome)).isEqualTo(now);
    assertThat(events.next())
        .isEqualTo(
            "{\"context\":\"gap\",\"room\":\"attic\",\"epoch\":\""
                + now.split(":", -1)[0]
                + "\",\"from\":1,\"to\":1,\"missing\":1}");
    assertThat(events.name).isEqualTo("notice");
    clients.post("two");
    assertThat(RoomClients.texts(events.heard())).containsExactly("two");
  }

  @Test
  void browsers_are_told_to_return_at_different_times() throws Exception {
    clients.restart("general.reconnectSpread=4s");
    var delays = new HashSet<Long>();
    var streams = new ArrayList<StreamClient>();
    for (int i = 0; i < 5; i++) {
      StreamClient events = clients.stream(RoomClients.ATTIC, StreamClient.EVENTS);
      assertThat(events.next()).contains("\"welcome\"");
      assertThat(events.retry).isBetween(1_000L, 5_000L);
      delays.add(events.retry);
      streams.add(events);
    }
    assertThat(delays).hasSizeGreaterThan(1);
    clients.server().close();
    for (StreamClient events : streams) {
      String bye = String.valueOf(events.rest().getLast());
      assertThat(bye).contains("server shutdown", "\"reconnectAfter\":" + events.retry + "}");
    }
  }

  @Test
  void a_stream_that_is_not_read_is_closed_and_other_clients_chat_on() throws Exception {
    clients.restart("limits.outboundBytes=131072", "limits.answerBytes=1024");
    StreamClient idle = clients.stream(RoomClients.ATTIC, StreamClient.EVENTS);
    idle.socket.setReceiveBufferSize(4096); // so that little is on its way
    StreamClient reader = clients.stream(RoomClients.ATTIC, StreamClient.EVENTS);
    TcpClient nc = clients.nc("attic");
    clients.awaitMembers("attic", 3);
    String text = "x".repeat(50_000);
    var _ = reader.next();
    for (int said = 0; clients.server().api().connections().size() == 3; said++) {
      assertThat(said).as("says before it is cut off").isLessThan(2_000);
      assertThat(nc.ask("say " + text)).contains("OK");
      assertThat(reader.heard()).contains("xxx");
    }
    clients.awaitMembers("attic", 2);
    nc.ask("say after all that");
    assertThat(RoomClients.texts(reader.heard())).containsExactly("after all that");
    assertThat(idle.next()).contains("\"welcome\"");
    clients.post("they are gone");
    assertThat(RoomClients.texts(reader.heard())).containsExactly("they are gone");
  }
}
