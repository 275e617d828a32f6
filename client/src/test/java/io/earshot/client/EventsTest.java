package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Handlers that throw, and handlers that are slow. */
final class EventsTest extends ClientTest {

  @Test
  void a_handler_that_throws_gets_the_next_event() throws Exception {
    Room attic = client().join("attic");
    var received = new LinkedBlockingQueue<String>();
    attic.onMessage(
        message -> {
          received.add(message.text());
          throw new IllegalStateException("cannot");
        });
    Room other = client().join("attic");
    other.say("one");
    other.say("two");
    assertThat(received.poll(20, TimeUnit.SECONDS)).isEqualTo("one");
    assertThat(received.poll(20, TimeUnit.SECONDS)).isEqualTo("two");
  }

  @Test
  void a_signal_reaches_the_others_and_one_beyond_the_rate_is_dropped() throws Exception {
    Room attic = client().join("attic");
    Room other = client().join("attic");
    var received = new LinkedBlockingQueue<Event>();
    var own = new LinkedBlockingQueue<Event>();
    attic.onEvent(
        event -> {
          if (!(event instanceof Event.Joined)) { // which may be announced only now
            received.add(event);
          }
        });
    other.onEvent(own::add);
    assertThat(get(other.signalAsync(Map.of("x", 1), "cursor"))).isTrue();
    assertThat(next(received))
        .isInstanceOfSatisfying(
            Event.Signal.class,
            signal -> {
              assertThat(signal.signal()).isEqualTo(Json.from(Map.of("x", 1)));
              assertThat(signal.kind()).isEqualTo("cursor");
              assertThat(signal.from()).isNotEmpty();
              assertThat(signal.user()).isNull();
            });
    assertThatThrownBy(() -> get(other.signalAsync("x".repeat(5_000), null)))
        .hasMessageContaining("a signal has at most 4096 bytes");
    List<CompletionStage<Boolean>> many =
        IntStream.range(0, 300).mapToObj(i -> other.signalAsync(i, null)).toList();
    boolean isDropped = false;
    for (CompletionStage<Boolean> each : many) {
      isDropped |= !get(each);
    }
    assertThat(isDropped).isTrue();
    attic.say("end");
    assertThat(next(own)).isInstanceOf(Event.Message.class);
  }

  @Test
  void a_slow_subscriber_gets_a_gap() throws Exception {
    Room attic = client().join("attic");
    var ready = new CountDownLatch(1);
    var received = new LinkedBlockingQueue<Event>();
    attic.onEvent(
        event -> {
          try {
            ready.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          received.add(event);
        });
    Room other = client().join("attic");
    for (int i = 0; i < 3_000; i += 100) {
      int from = i;
      for (CompletionStage<Cursor> said :
          IntStream.range(from, from + 100).mapToObj(n -> other.sayAsync("m" + n)).toList()) {
        get(said);
      }
    }
    ready.countDown();
    boolean gap = false;
    // Before there is space again, the last message would be one of those that are left out.
    for (int i = 0; i < 100; i++) {
      gap |= next(received) instanceof Event.Gap;
    }
    other.say("end");
    for (Event event = next(received);
        !(event instanceof Event.Message message && message.text().equals("end"));
        event = next(received)) {
      gap |= event instanceof Event.Gap;
    }
    assertThat(gap).isTrue();
  }
}
