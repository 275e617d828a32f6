package io.earshot.netty.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.ServerInside;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A server without announcements, and clients that reach its rooms by their URLs. */
final class RoomClients extends ServerAndClients {
  static final String ATTIC = "/rooms/attic";
  static final String MESSAGES = ATTIC + "/messages";

  private @Nullable Kind kind;

  void start(Kind kind) {
    this.kind = kind;
    restart();
  }

  void restart(String... settings) {
    Config quiet = Config.defaults().with("rooms.announcements", false);
    var _ = start(Objects.requireNonNull(kind), quiet, settings);
  }

  /** A WebSocket at a path. */
  WebSocketClient socket(String path) {
    WebSocketClient client = opened(WebSocketClient.raw(server().httpPort()));
    client.text(WebSocketClient.handshake(path));
    assertThat(client.head()).startsWith("HTTP/1.1 101 ");
    return client;
  }

  /** A TCP client in a room. */
  TcpClient nc(String room) {
    TcpClient client = lines();
    assertThat(client.ask("{\"event\":\"roomChange\",\"room\":\"" + room + "\"}")).contains("OK");
    return client;
  }

  /** Posts a text, and returns its cursor. */
  String post(String text) {
    Response response = curl().post(MESSAGES, "text/plain", text);
    assertThat(response.status()).isEqualTo(201);
    return cursor(response.body());
  }

  static String field(String json, String name) {
    Matcher field = Pattern.compile("\"" + name + "\":\"?([^\",}\\]]*)").matcher(json);
    assertThat(field.find()).as("%s in %s", name, json).isTrue();
    return field.group(1);
  }

  static String cursor(String json) {
    return field(json, "epoch") + ":" + field(json, "offset");
  }

  static List<String> texts(String json) {
    return Pattern.compile("\"message\":\"([^\"]*)\"")
        .matcher(json)
        .results()
        .map(text -> text.group(1))
        .toList();
  }

  static List<String> numbers(int from, int to) {
    return IntStream.rangeClosed(from, to).mapToObj(String::valueOf).toList();
  }

  static void assertProblem(Response response, int status) {
    assertThat(response.status()).as(response.body()).isEqualTo(status);
    assertThat(response.header("content-type")).containsExactly("application/problem+json");
    assertThat(response.header("x-content-type-options")).containsExactly("nosniff");
    assertThat(response.body())
        .startsWith("{\"type\":\"about:blank\",\"title\":\"")
        .contains("\"status\":" + status + ",\"detail\":\"");
  }

  void awaitMembers(String room, int count) {
    Await.until(
        "members of " + room,
        () ->
            server()
                    .api()
                    .chatRoom()
                    .socketRoomStatus(room)
                    .toCompletableFuture()
                    .join()
                    .membersCount()
                == count);
  }

  void awaitPolls(int count) {
    Await.until("polls that wait", () -> ServerInside.waitingPolls(server()) == count);
  }
}
