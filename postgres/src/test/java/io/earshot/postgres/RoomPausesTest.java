package io.earshot.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Api;
import io.earshot.ChatRoom;
import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.spi.Source;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Rooms that cannot be told for a while. */
class RoomPausesTest extends PostgresTestCase {

  @Test
  void pauses_double_up_to_half_a_minute_and_end_with_success() {
    var clock = new AtomicLong(Long.MAX_VALUE - 1);
    var pauses = new RoomPauses(clock::get);
    long[] expected = {250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000};
    for (long millis : expected) {
      pauses.failed("a");
      assertThat(pauses.rooms()).containsExactly("a");
      assertThat(pauses.left(Long.MAX_VALUE)).isEqualTo(millis * 1_000_000);
      clock.addAndGet(millis * 1_000_000 - 1);
      pauses.retain(Set.of());
      assertThat(pauses.rooms()).containsExactly("a");
      clock.incrementAndGet();
      assertThat(pauses.rooms()).isEmpty();
      pauses.retain(Set.of("a"));
      assertThat(pauses.isAny()).isTrue();
    }
    pauses.ended("a");
    assertThat(pauses.isAny()).isFalse();
    pauses.failed("b");
    assertThat(pauses.left(Long.MAX_VALUE)).isEqualTo(250_000_000);
    clock.addAndGet(250_000_000);
    pauses.retain(Set.of());
    assertThat(pauses.isAny()).isFalse();
    for (int i = 0; i < 2 * RoomPauses.MOST; i++) {
      pauses.failed("room " + i);
    }
    assertThat(pauses.rooms()).hasSize(RoomPauses.MOST);
  }

  private static <T> T fake(Class<T> type, String method, Object answer) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, called, arguments) -> {
              if (called.getName().equals("history") && "mute".equals(arguments[0])) {
                return CompletableFuture.failedFuture(new IllegalStateException("away"));
              }
              return called.getName().equals(method) ? answer : Config.defaults();
            }));
  }

  @Test
  void rooms_at_the_head_that_cannot_be_told_do_not_hold_back_the_others() throws Exception {
    var excerpt = new Excerpt("any", List.of(), new Cursor("e", 1), null);
    ChatRoom rooms = fake(ChatRoom.class, "history", CompletableFuture.completedFuture(excerpt));
    var context = new FakeContext("a");
    context.api = fake(Api.class, "chatRoom", rooms);
    Database database = opened(new Database(config().postgres()));
    Link link = opened(new Link(database, context));
    link.start();
    try (Connection connection = postgres.connect()) {
      put(connection, "mute", "1");
      for (int i = 0; i < 250; i++) {
        put(connection, "bad", "1");
      }
      put(connection, "good", "1");
      put(connection, "mute", "2");
    }
    var outbox = new Outbox(database, link, context, new MessageStore(database, link, context));
    try (Source.Reading reading = outbox.open()) {
      List<Source.Item> first = reading.next(Duration.ZERO);
      assertThat(first).hasSize(199).allMatch(each -> isFor(each, "bad"));
      List<Source.Item> second = reading.next(Duration.ZERO);
      assertThat(second).singleElement().matches(each -> isFor(each, "good"));
      reading.done(List.of(new Source.Result(second.getFirst().id(), new Cursor("e", 2), null)));
      assertThat(outbox.waiting()).isEqualTo(253);
      List<Source.Item> again = List.of();
      while (again.isEmpty()) {
        again = reading.next(Duration.ofSeconds(1));
      }
      assertThat(again).first().isEqualTo(first.getFirst());
    }
    assertThat(context.problems).contains("the room mute does not answer");
  }

  private static boolean isFor(Source.Item item, String room) {
    return item.publication() != null && item.publication().room().equals(room);
  }
}
