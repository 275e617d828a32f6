package io.earshot.web;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.room.Shard;
import io.earshot.spi.Visitor;
import io.earshot.stats.Gauge;
import io.earshot.testing.TestServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class MailboxTest {
  private static final Duration TTL = Duration.ofSeconds(30);

  private final TestServer server =
      new TestServer(
          1,
          TestServer.quiet()
              .with("commonWeb.httpClientMessageTTL", TTL)
              .with("limits.queuedMessages", 5)
              .with("limits.queuedBytes", 1024));
  private final Shard shard = EngineInside.rooms(server.earshot).shards().getFirst();
  private final WebConnection client = enter("a".repeat(40));

  private WebConnection enter(String id) {
    var mailbox = new Mailbox(shard, TTL.toMillis(), EngineInside.config(server.earshot).limits());
    var visitor = new Visitor(id, "defaultRoom", new InetSocketAddress(0));
    var connection =
        new WebConnection(EngineInside.loopContexts(server.earshot).getFirst(), visitor, mailbox);
    server.loops.getFirst().run(() -> connection.enter(visitor, null));
    server.settle();
    return connection;
  }

  private void tell(String text) {
    server.earshot.api().chatRoom().socketRoomBroadcast(null, text);
    server.settle();
  }

  private CompletableFuture<String> take(long wait) {
    CompletableFuture<String> text =
        client
            .takeMessage(wait)
            .thenApply(json -> json == null ? "null" : new String(json, StandardCharsets.UTF_8));
    server.settle();
    return text;
  }

  private String took() {
    return TestServer.texts(List.of(take(0).join())).stream().findFirst().orElse("nothing");
  }

  @Test
  void messages_are_handed_out_once_and_the_oldest_first() {
    tell("one");
    tell("two");
    assertThat(List.of(took(), took(), took())).containsExactly("one", "two", "nothing");
  }

  @Test
  void a_message_not_fetched_within_its_ttl_is_dropped_and_younger_ones_are_not() {
    tell("old");
    server.pass(Duration.ofSeconds(20));
    tell("young");
    server.pass(Duration.ofSeconds(11));
    assertThat(List.of(took(), took())).containsExactly("young", "nothing");
  }

  @Test
  void beyond_the_bounds_the_oldest_messages_are_dropped() {
    IntStream.range(0, 8).forEach(i -> tell("m" + i));
    assertThat(took()).isEqualTo("m3");
    tell("x".repeat(900));
    tell("last");
    assertThat(List.of(took(), took())).containsExactly("last", "nothing");
  }

  @Test
  void a_waiting_request_gets_the_next_message_or_none_when_its_wait_is_over() {
    CompletableFuture<String> first = take(1000);
    tell("hello");
    assertThat(first).isCompletedWithValueMatching(text -> text.contains("hello"));
    CompletableFuture<String> second = take(1000);
    server.pass(Duration.ofSeconds(1));
    assertThat(second).isCompletedWithValue("null");
    tell("later");
    assertThat(took()).isEqualTo("later");
  }

  @Test
  void a_new_request_ends_an_older_one_that_waits() {
    CompletableFuture<String> first = take(1000);
    CompletableFuture<String> second = take(1000);
    assertThat(first).isCompletedWithValue("null");
    tell("hello");
    assertThat(second).isCompletedWithValueMatching(text -> text.contains("hello"));
  }

  @Test
  void a_cancelled_request_takes_no_message() {
    client.takeMessage(1000).cancel(true);
    server.settle();
    tell("hello");
    assertThat(took()).isEqualTo("hello");
  }

  @Test
  void the_most_deeply_nested_message_allowed_can_be_taken() throws Exception {
    server.guest().ask("{\"event\":\"say\",\"message\":" + "[".repeat(63) + "]".repeat(63) + "}");
    CompletableFuture<byte @Nullable []> taken = client.takeMessage(0);
    server.settle();
    assertThat(Json.parseEncoded(Objects.requireNonNull(taken.join())))
        .isInstanceOf(Json.Obj.class);
  }

  @Test
  void a_closed_mailbox_lets_no_request_wait() {
    CompletableFuture<String> waiting = take(1000);
    client.close("enough");
    server.settle();
    assertThat(waiting).isCompletedWithValue("null");
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().stats().get(Gauge.ROOMS))
        .isZero();
  }
}
