package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
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
    other.say("end");
    boolean gap = false;
    for (Event event = next(received);
        !(event instanceof Event.Message message && message.text().equals("end"));
        event = next(received)) {
      gap |= event instanceof Event.Gap;
    }
    assertThat(gap).isTrue();
  }
}
