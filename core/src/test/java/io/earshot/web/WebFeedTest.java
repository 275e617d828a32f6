package io.earshot.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.FeedEvent.Type;
import io.earshot.spi.Visitor;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;

/** What HTTP clients do is told to consumers of the feed, and to hooks. */
final class WebFeedTest extends RoomReaderTestCase {
  private static final Duration TTL = Duration.ofSeconds(30);

  private final List<String> told = new CopyOnWriteArrayList<>();

  private List<String> told(int count) {
    server.runUntil(count + " notes, of " + told, () -> told.size() >= count);
    assertThat(told).hasSize(count);
    return told;
  }

  @Test
  void an_http_client_with_a_message_queue_is_connected_until_it_has_been_idle() {
    restart(config().with("commonWeb.httpClientMessageTTL", TTL));
    speaker.ask("quit");
    var unused =
        server
            .earshot
            .api()
            .feed()
            .add(
                new Feed.Consumer(
                    "test",
                    EnumSet.of(Type.CONNECTED, Type.JOINED, Type.LEFT, Type.DISCONNECTED),
                    List.of("*"),
                    1),
                events -> {
                  FeedEvent event = events.getFirst();
                  told.add(event.type() + " " + event.data().get("transport"));
                });
    var visitor = new Visitor(POSTER, ROOM, new InetSocketAddress(0));
    var answer = server.earshot.http().ask(visitor, "randomNumber", Map.of());
    server.runUntil("an answer", answer::isDone);
    assertThat(told(2))
        .containsExactlyInAnyOrder("connected Text[value=web]", "joined Text[value=web]");
    told.clear();
    server.pass(TTL);
    server.pass(TTL);
    assertThat(told(2))
        .containsExactlyInAnyOrder("left Text[value=web]", "disconnected Text[value=web]");
  }

  @Test
  void a_post_to_the_url_of_a_room_is_told_to_the_hook_with_its_place() {
    server
        .earshot
        .api()
        .hooks()
        .afterSay(
            "attic",
            said ->
                told.add(
                    said.connection().id() + " " + said.message().asText() + " " + said.place()));
    String place = post("attic", "hello").toString();
    assertThat(told(1)).containsExactly(POSTER + " hello " + place);
  }
}
