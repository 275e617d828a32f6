package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.protocol.Json;
import io.earshot.token.TokenKeys;
import java.io.Closeable;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The inbox of a user over WebSockets, streams and HTTP. */
final class InboxOverHttpTest {
  private static final String KEY = "k1 HS256 0123456789abcdef0123456789abcdef";
  private static final String ADMIN = "a".repeat(40);
  private static final String SECRET = "\"message\":\"secret\"";

  private final Deque<Closeable> open = new ArrayDeque<>();

  private final EarshotServer server =
      Kind.LEAN_FRAMES.start(
          Config.defaults()
              .with("rooms.announcements", false)
              .with("tokens.keys", List.of(KEY))
              .with("admin.keys", List.of("shop " + ADMIN)));

  private static String token(String user) {
    long end = System.currentTimeMillis() / 1000 + 3600;
    return new TokenKeys(List.of(KEY), "").sign(Map.of("sub", user, "exp", end));
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

  private WebSocketClient webSocket(String path) {
    WebSocketClient client = opened(WebSocketClient.raw(server.httpPort()));
    client.text(WebSocketClient.handshake(path));
    assertThat(client.head()).startsWith("HTTP/1.1 101 ");
    return client;
  }

  private StreamClient stream(String path, String accept) {
    return opened(StreamClient.open(server.httpPort(), path, accept));
  }

  private void tell(String message) {
    server
        .api()
        .chatRoom()
        .socketRoomBroadcast(new StandIn("@ada", Json.of("server"), null), message)
        .toCompletableFuture()
        .join();
  }

  private static String epoch(String welcome) {
    return welcome.replaceAll(".*\"room\":\"@ada\",\"epoch\":\"(\\w+)\".*", "$1");
  }

  @Test
  void web_sockets_and_streams_hear_the_inbox_and_catch_up() {
    WebSocketClient socket = webSocket("/ws?token=" + token("ada"));
    String epoch = epoch(String.valueOf(socket.next()));
    StreamClient events = stream("/rooms/attic?token=" + token("ada"), StreamClient.EVENTS);
    assertThat(events.next()).contains("\"inbox\":{\"room\":\"@ada\"");
    String id = events.lastId;
    StreamClient several =
        stream("/rooms?room=attic&room=cellar&token=" + token("ada"), StreamClient.LINES);
    assertThat(several.next()).contains("\"inbox\":{\"room\":\"@ada\"");
    assertThat(several.next()).contains("attic");
    assertThat(several.next()).contains("cellar");
    var admin = opened(new HttpClient(server.httpPort(), false, "Authorization: Bearer " + ADMIN));
    assertThat(
            admin
                .post("/admin/rooms/@ada/messages", "application/json", "{\"message\":\"one\"}")
                .status())
        .isEqualTo(201);
    assertThat(socket.next()).contains("\"message\":\"one\"", "\"room\":\"@ada\"");
    assertThat(several.next()).contains("\"message\":\"one\"");
    assertThat(events.next()).contains("\"message\":\"one\"");
    assertThat(events.lastId).isEqualTo(id); // by which the browser continues in the attic
    tell("two");
    String query = "?token=" + token("ada") + "&inbox=" + epoch + ":1";
    for (var client :
        List.of(
            webSocket("/ws" + query),
            webSocket("/rooms/attic" + query),
            stream("/rooms/attic" + query, StreamClient.EVENTS),
            stream("/rooms/attic" + query, StreamClient.LINES))) {
      assertThat(client.next()).contains("\"recovered\":true");
      assertThat(client.next()).contains("\"message\":\"two\"");
    }
    assertThat(webSocket("/ws?token=" + token("ada") + "&inbox=7").next())
        .contains("Error: inbox must be epoch:offset");
  }

  @Test
  void only_the_user_reads_an_inbox() {
    tell("secret");
    HttpClient curl = opened(new HttpClient(server.httpPort(), false));
    for (String path :
        List.of(
            "/rooms/@ada/messages",
            "/rooms/%40ada/messages?before=",
            "/rooms/@ada/messages?wait=1000",
            "/messages?room=@ada",
            "/rooms/@ada")) {
      for (String header : List.of("X-None: 1", "Authorization: Bearer " + token("bob"))) {
        Response refused = curl.get(path, header);
        assertThat(refused.status()).as(path).isEqualTo(403);
        assertThat(refused.body()).contains("only the user listens to @ada");
      }
    }
    String ada = "Authorization: Bearer " + token("ada");
    assertThat(curl.get("/rooms/@ada/messages", ada).body()).contains(SECRET);
    assertThat(curl.get("/rooms/@ada/messages?before=", ada).body()).contains(SECRET);
    curl.sendRequest(
        "POST",
        "/rooms",
        "{\"rooms\":[{\"room\":\"@ada\",\"after\":\"x:0\"}]}",
        "Content-Type: application/json");
    assertThat(curl.response().body()).contains("only the user listens").doesNotContain(SECRET);
    for (String header : List.of(ada, "Authorization: Bearer " + token("bob"))) {
      curl.sendRequest(
          "POST",
          "/rooms/@ada/messages",
          "{\"message\":\"x\"}",
          "Content-Type: application/json",
          header);
      Response refused = curl.response();
      assertThat(refused.status()).isEqualTo(403);
      assertThat(refused.body()).contains("you may not say anything in @ada");
      Response stream = curl.get("/rooms/@ada", header, StreamClient.EVENTS);
      assertThat(stream.status()).isEqualTo(403);
      assertThat(stream.body()).contains("nobody can join @ada");
    }
  }
}
