package io.earshot.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Api;
import io.earshot.ChatRoom;
import io.earshot.Publication;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.BrokerException;
import io.earshot.spi.ExtensionContext;
import io.earshot.spi.Source;
import io.earshot.testing.Await;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SourceRunnerTest {

  /** An object whose methods return what is given by their names; else null. */
  private static <T> T fake(
      Class<T> type, Map<String, java.util.function.Function<Object[], Object>> by) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              var answer = by.get(method.getName());
              return answer == null ? null : answer.apply(arguments);
            }));
  }

  private static Object publish(Publication publication) {
    return publication.room().equals("bad")
        ? CompletableFuture.failedFuture(new BrokerException("away", false))
        : CompletableFuture.completedFuture(new Cursor("e", 1));
  }

  private static Source.Item item(String id, String room) {
    return new Source.Item(id, new Publication(room, Json.of(1), null, null, null), null);
  }

  /** With a pause after each batch that would take a minute. */
  @Test
  void a_room_that_cannot_be_told_does_not_delay_the_batches_of_the_others() {
    var done = new AtomicInteger();
    var reading =
        new Source.Reading() {
          @Override
          public List<Source.Item> next(Duration most) {
            return List.of(item("1", "bad"), item("2", "good"));
          }

          @Override
          public void done(List<Source.Result> results) {
            assertThat(results).extracting(Source.Result::id).containsExactly("2");
            done.incrementAndGet();
          }

          @Override
          public void close() {}
        };
    ChatRoom rooms =
        fake(ChatRoom.class, Map.of("publish", given -> publish((Publication) given[0])));
    Api api = fake(Api.class, Map.of("chatRoom", _ -> rooms));
    ExtensionContext context = fake(ExtensionContext.class, Map.of("api", _ -> api));
    Source source = fake(Source.class, Map.of("open", _ -> reading, "name", _ -> "test"));
    try (var runner = new SourceRunner(source, context)) {
      runner.start();
      Await.until("eight batches", () -> done.get() >= 8);
    }
  }
}
