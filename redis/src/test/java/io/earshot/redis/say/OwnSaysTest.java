package io.earshot.redis.say;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import org.junit.jupiter.api.Test;

final class OwnSaysTest {
  private final OwnSays own = new OwnSays("a");

  private static Post post(String peer, long number, String text) {
    return new Post(
        Json.of(text), Json.of("x"), 1, null, false, null, new Post.Origin(peer, number));
  }

  private static byte[] signed(Post post) {
    return ("sign- " + new String(post.encode(), UTF_8)).getBytes(UTF_8);
  }

  private static byte[] placed(Post post) {
    return ("e1:7 " + new String(signed(post), UTF_8)).getBytes(UTF_8);
  }

  @Test
  void a_message_that_comes_back_is_the_post_that_was_published_once() {
    Post post = post("a", 5, "hello");
    own.add("room", signed(post), post);
    assertThat(own.take("room", placed(post), 5)).isSameAs(post);
    assertThat(own.take("room", placed(post), 5)).isNull();
  }

  @Test
  void a_message_with_other_bytes_or_of_another_room_or_server_is_not_known() {
    Post post = post("a", 5, "hello");
    own.add("room", signed(post), post);
    assertThat(own.take("other", placed(post), 5)).isNull();
    assertThat(own.take("room", placed(post("a", 5, "hullo")), 5)).isNull();
    assertThat(own.take("room", placed(post("a", 6, "hello")), 5)).isNull();
    assertThat(own.take("room", placed(post("b", 5, "hello")), 5)).isNull();
    assertThat(own.take("room", new byte[0], 0)).isNull();
    assertThat(own.take("room", "e1:7 sign- {\"p\":\"a\",\"n\":".getBytes(UTF_8), 5)).isNull();
    assertThat(own.take("room", placed(post), 5)).isSameAs(post);
  }

  @Test
  void a_later_message_takes_the_place_of_an_earlier_one() {
    Post first = post("a", 1, "first");
    Post later = post("a", 1 + 2_048, "later");
    own.add("room", signed(first), first);
    own.add("room", signed(later), later);
    assertThat(own.take("room", placed(first), 5)).isNull();
    assertThat(own.take("room", placed(later), 5)).isSameAs(later);
  }
}
