package io.earshot.backend.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.FeedEvent;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.testing.Await;
import io.earshot.token.TokenKeys;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The events of the documentation are those that a server sends. */
class WebhookEventsTest {
  private static final Path PAGE =
      Path.of(System.getProperty("earshot.root", "..")).resolve("docs/webhooks/events.txt");
  private static final String KEY = "k1 HS256 0123456789abcdef0123456789abcdef";

  @RegisterExtension final ServerAndClients chat = new ServerAndClients();

  private final Receiver receiver = new Receiver();

  @AfterEach
  void close() {
    receiver.close();
  }

  @Test
  void each_kind_of_event_is_sent_as_the_page_says() throws Exception {
    chat.start(
        Kind.LEAN_FRAMES,
        Config.defaults()
            .with("tokens.keys", List.of(KEY))
            .with("general.resumeWindow", "0s")
            .with("backEnds.privateAddresses", List.of("127.0.0.1"))
            .with("webhooks.rules", List.of("all * " + receiver.url())));
    chat.server()
        .api()
        .actions()
        .add(
            Action.of(
                "buy",
                call -> {
                  throw new IllegalStateException("the shop is closed");
                }));
    String token =
        new TokenKeys(List.of(KEY), "")
            .sign(Map.of("sub", "ada", "name", "Ada", "exp", 9_999_999_999L));
    WebSocketClient ada = chat.opened(WebSocketClient.raw(chat.server().httpPort()));
    ada.text(WebSocketClient.handshake("/", "Authorization: Bearer " + token + "\r\n"));
    assertThat(ada.head()).startsWith("HTTP/1.1 101 ");
    ada.ask("{\"event\":\"roomChange\",\"room\":\"orders.7\"}");
    ada.ask("{\"event\":\"say\",\"message\":{\"paid\":true}}");
    ada.ask("{\"event\":\"action\",\"params\":{\"action\":\"buy\"}}");
    ada.close();
    for (FeedEvent.Type type : FeedEvent.Type.values()) {
      Await.until(
          () -> type + " in " + receiver.accepted(), Await.LIMIT, () -> first(type) != null);
    }
    // The fields have no order.
    List<Json> sent = new ArrayList<>();
    List<Json> page = new ArrayList<>();
    for (FeedEvent.Type type : FeedEvent.Type.values()) {
      sent.add(parsed(shown(first(type))));
    }
    for (String line : Files.readAllLines(PAGE)) {
      page.add(parsed(line));
    }
    assertThat(sent).isEqualTo(page);
  }

  private static Json parsed(String line) throws MalformedJsonException {
    return Json.parse(line.replaceAll(":<(time|n)>", ":\"$1\""));
  }

  /** The first event of a type in the room of the page, or without a room. */
  private Json.Obj first(FeedEvent.Type type) {
    return receiver.accepted().stream()
        .filter(event -> Receiver.field(event, "type").equals(type.toString()))
        .filter(event -> event.get("room") == null || event.get("room").equals(Json.of("orders.7")))
        .findFirst()
        .orElse(null);
  }

  private static String shown(Json.Obj event) {
    return new String(event.encode(), UTF_8)
        .replaceFirst("\"id\":\"[^\"]+\"", "\"id\":\"<id>\"")
        .replaceAll("\"(at|sentAt)\":\\d+", "\"$1\":<time>")
        .replaceAll("\"(client|from)\":\"\\p{XDigit}+\"", "\"$1\":\"<client>\"")
        .replaceAll("\"server\":\"[^\"]+\"", "\"server\":\"<server>\"")
        .replaceAll("\"epoch\":\"[^\"]+\"", "\"epoch\":\"<epoch>\"")
        .replaceAll("\"offset\":\\d+", "\"offset\":<n>");
  }
}
