package io.earshot.netty.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The URLs of rooms: their names, their methods, and pages of other origins. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"LEAN_LINES", "EPOLL_LINES", "NIO_LINES"})
final class RoomUrlsTest {
  @Parameter
  @SuppressWarnings("NullAway.Init")
  Kind kind;

  @RegisterExtension final RoomClients clients = new RoomClients();

  @BeforeEach
  void start() {
    clients.start(kind);
  }

  @Test
  void any_room_name_works_and_is_decoded() {
    TcpClient nc = clients.nc("a/b ü+?");
    String url = "/rooms/a%2Fb%20%C3%BC+%3F";
    assertThat(clients.curl().post(url + "/messages", "text/plain", "hi").status()).isEqualTo(201);
    assertThat(RoomClients.texts(nc.heard())).containsExactly("hi");
    assertThat(clients.curl().get(url).body())
        .contains("\"room\":\"a/b ü+?\"", "\"membersCount\":1");
    assertThat(clients.socket(url).next()).contains("\"room\":\"a/b ü+?\"");
    for (String odd : List.of("__proto__", "constructor", "messages", "..", "%2e%2e%2f", "%00a")) {
      assertThat(clients.curl().get("/rooms/" + odd).status())
          .isEqualTo(odd.equals("%00a") ? 400 : 200);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "404, /rooms/",
    "404, /rooms//messages",
    "404, /rooms/attic/",
    "404, /rooms/attic/members",
    "404, /rooms/attic/messages/1",
    "400, /rooms/%zz",
    "400, /rooms/a%0Ab",
    "400, /rooms/a%0D%0AX-Evil:1/messages",
  })
  void a_path_that_names_no_room_is_a_problem(int status, String path) {
    RoomClients.assertProblem(clients.curl().get(path), status);
    RoomClients.assertProblem(clients.curl().get(path, StreamClient.EVENTS), status);
    HttpClient socket = clients.curl();
    socket.text(WebSocketClient.handshake(path));
    RoomClients.assertProblem(socket.response(), status);
  }

  @Test
  void a_room_name_that_is_too_long_is_a_problem() {
    RoomClients.assertProblem(clients.curl().get("/rooms/" + "x".repeat(257)), 400);
    assertThat(clients.curl().get("/rooms/" + "x".repeat(256)).status()).isEqualTo(200);
  }

  @Test
  void a_method_that_does_not_work_is_answered_with_those_that_do() {
    HttpClient curl = clients.curl();
    curl.sendRequest("POST", RoomClients.ATTIC, "x", "Content-Type: text/plain");
    Response room = curl.response();
    RoomClients.assertProblem(room, 405);
    assertThat(room.header("allow")).containsExactly("GET, HEAD, OPTIONS");
    curl.sendRequest("DELETE", RoomClients.MESSAGES, "");
    Response messages = curl.response();
    RoomClients.assertProblem(messages, 405);
    assertThat(messages.header("allow")).containsExactly("GET, HEAD, POST, OPTIONS");
    curl.sendRequest("OPTIONS", RoomClients.ATTIC, "");
    assertThat(curl.response().header("allow")).containsExactly("GET, HEAD, OPTIONS");
  }

  @Test
  void the_members_of_a_room_are_read_in_pages() {
    HttpClient curl = clients.curl();
    for (int i = 0; i < 3; i++) {
      clients.nc("attic");
    }
    String all = curl.get(RoomClients.ATTIC).body();
    String first = curl.get(RoomClients.ATTIC + "?limit=2").body();
    String next = RoomClients.field(first, "next");
    String rest = curl.get("/rooms?room=attic&limit=2&after=" + next).body();
    assertThat(first).contains("\"membersCount\":3,\"next\":\"" + next + "\"");
    assertThat(rest).contains("\"membersCount\":3").doesNotContain("\"next\"");
    assertThat(Stream.of(first, rest).flatMap(page -> ids(page).stream()).toList())
        .containsExactlyElementsOf(ids(all).stream().sorted().toList());
    Map<String, String> refused =
        Map.of(
            "limit=0", "limit must be a number from 1 to 1000",
            "limit=1001", "limit must be a number from 1 to 1000",
            "limit=", "limit must be a number from 1 to 1000",
            "limit=1&limit=2", "limit is to be given once",
            "after=", "after must be a member's id",
            "after=k3f9:17", "after must be a member's id");
    refused.forEach(
        (query, detail) -> {
          Response response = curl.get(RoomClients.ATTIC + "?" + query);
          RoomClients.assertProblem(response, 400);
          assertThat(response.body()).contains("\"detail\":\"" + detail + "\"");
        });
    // The after of a client that joins is a cursor.
    clients.socket(RoomClients.ATTIC + "?limit=1&after=" + RoomClients.cursor(all));
  }

  private static List<String> ids(String status) {
    return List.of(
        status.replaceAll(".*\"members\":\\[|\\].*", "").replace("\"", "").split(",", -1));
  }

  @Test
  void head_is_answered_as_get_without_a_body() {
    HttpClient curl = clients.curl();
    String length = curl.get(RoomClients.ATTIC).header("content-length").getFirst();
    curl.text(
        "HEAD "
            + RoomClients.ATTIC
            + " HTTP/1.1\r\nHost: x\r\n"
            + StreamClient.EVENTS
            + "\r\n\r\n");
    curl.text(
        "HEAD "
            + RoomClients.MESSAGES
            + "?wait=20000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    var rest = new StringBuilder();
    for (int b = curl.read(); b >= 0; b = curl.read()) {
      rest.append((char) b);
    }
    assertThat(rest.toString().split("HTTP/1.1 200 OK", -1)).hasSize(3);
    assertThat(rest.toString()).contains("content-length: " + length).doesNotContain("{");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Sec-Fetch-Site: cross-site", "Origin: http://evil.example", "Origin: null"})
  void pages_of_other_sites_may_neither_join_a_room_nor_speak(String header) {
    RoomClients.assertProblem(
        clients.curl().get(RoomClients.ATTIC, StreamClient.EVENTS, header), 403);
    RoomClients.assertProblem(
        clients.curl().get(RoomClients.ATTIC, StreamClient.LINES, header), 403);
    HttpClient curl = clients.curl();
    curl.sendRequest("POST", RoomClients.MESSAGES, "x", "Content-Type: text/plain", header);
    RoomClients.assertProblem(curl.response(), 403);
    if (header.startsWith("Origin")) {
      HttpClient socket = clients.curl();
      socket.text(WebSocketClient.handshake(RoomClients.ATTIC, header + "\r\n"));
      RoomClients.assertProblem(socket.response(), 403);
    }
    assertThat(clients.curl().get(RoomClients.MESSAGES).body()).contains("\"messages\":[]");
  }

  @Test
  void pages_of_listed_origins_may_join_and_send_their_last_event_id() throws Exception {
    clients.restart("httpServer.corsOrigins=https://shop.example");
    String origin = "Origin: https://shop.example";
    StreamClient stream = clients.opened(new StreamClient(clients.server().httpPort(), null));
    stream.request(RoomClients.ATTIC, StreamClient.EVENTS, origin);
    assertThat(stream.head())
        .contains("access-control-allow-origin: https://shop.example")
        .contains("access-control-allow-credentials: true");
    HttpClient curl = clients.curl();
    curl.sendRequest("OPTIONS", RoomClients.ATTIC, "", origin);
    assertThat(curl.response().header("access-control-allow-headers").getFirst())
        .contains("last-event-id", "idempotency-key", "content-type");
  }
}
