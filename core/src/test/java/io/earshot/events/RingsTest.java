package io.earshot.events;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The last events and messages of a loop, in rings of less than one part and of several. */
final class RingsTest {
  private static final int ADDED = 5_000;

  /** A connection that has its id as a number; one in ten has it as text. */
  private static Recipient connection(int number) {
    boolean isText = number % 10 == 0;
    return (Recipient)
        Proxy.newProxyInstance(
            RingsTest.class.getClassLoader(),
            new Class<?>[] {Recipient.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "id" -> id(number);
                  case "idHigh" -> isText ? 0L : (long) number << 40;
                  case "idLow" -> isText ? 0L : (long) -number;
                  case "user" -> null;
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private static String id(int number) {
    return number % 10 == 0
        ? "text" + number
        : "%016x%016x".formatted((long) number << 40, (long) -number);
  }

  private static Cursor place(int number) {
    return new Cursor("e" + number % 3, number);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1_024, 2_500, 10_000})
  void theLastEventsAreRemembered(int capacity) {
    var ring = new EventRing(capacity);
    for (int i = 0; i < ADDED; i++) {
      String room = i % 4 == 0 ? null : "room" + i % 4;
      Map<String, String> attributes = i % 100 == 0 ? Map.of("n", "" + i) : null;
      ring.add(i, EventKind.RESUMED, connection(i), room, place(i), i / 2, "why" + i, attributes);
    }
    int oldest = Math.max(0, ADDED - capacity);
    List<Long> expected =
        LongStream.range(oldest, ADDED).filter(i -> i % 4 == 0 || i % 4 == 3).boxed().toList();
    var found = ring.select("room3", event -> true, ADDED);
    assertThat(found).extracting(Event::at).isEqualTo(expected);
    for (Event event : found) {
      int i = (int) event.at();
      assertThat(event)
          .isEqualTo(
              new Event(
                  i,
                  EventKind.RESUMED,
                  i % 4 == 0 ? null : "room3",
                  "e" + i % 3,
                  id(i),
                  null,
                  null,
                  i / 2,
                  i,
                  "why" + i,
                  i % 100 == 0 ? Map.of("n", "" + i) : null));
    }
    assertThat(ring.select("room3", event -> event.to() % 2 == 1, 3))
        .hasSizeLessThanOrEqualTo(3)
        .allMatch(event -> event.to() % 4 == 3);
    assertThat(ring.since(-5)).isEqualTo(capacity >= ADDED ? -5 : oldest);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1_024, 2_500, 10_000})
  void theLastMessagesAreRemembered(int capacity) {
    var ring = new MessageRing(capacity);
    for (int i = 0; i < ADDED; i++) {
      ring.add(
          "room" + i % 4, new Cursor("e", i), i, i % 5 == 0 ? new Audience("k", "" + i) : null, i);
    }
    int oldest = Math.max(0, ADDED - capacity);
    for (int i = Math.max(0, oldest - 10); i < ADDED; i += 3) {
      Map<Long, RememberedMessage> found = ring.find("room" + i % 4, new Cursor("e", i), 1);
      if (i < oldest) {
        assertThat(found).isEmpty();
      } else {
        Audience audience = i % 5 == 0 ? new Audience("k", "" + i) : null;
        assertThat(found)
            .containsExactly(Map.entry((long) i, new RememberedMessage(i, i, audience)));
      }
    }
    assertThat(ring.find("room1", new Cursor("other", 0), ADDED)).isEmpty();
    assertThat(ring.last("room3")).isEqualTo(new Cursor("e", ADDED - 1));
    assertThat(ring.last("room9")).isNull();
    assertThat(ring.since(-5)).isEqualTo(capacity >= ADDED ? -5 : oldest);
  }
}
