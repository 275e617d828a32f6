package io.earshot.hook;

import static java.util.Comparator.comparingInt;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Questions to hooks keep the order of a connection, and do not hold up other connections. */
final class HookOrderTest extends HookTestCase {
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void the_requests_of_one_connection_are_asked_about_in_order_however_long_hooks_take(long seed) {
    var random = new Random(seed);
    int loops = 1 + (int) seed % 2;
    server = new TestServer(loops, config());
    hooks()
        .onSay(
            "slow*",
            say -> {
              LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(300_000));
              told.add(say.connection().id() + " " + say.message().asText());
              return say.message();
            });
    List<Guest> speakers = IntStream.range(0, 4).mapToObj(i -> guest(i % loops)).toList();
    Guest subscriber = guest(loops - 1);
    List<String> rooms = List.of("slow", "slower", "quick");
    for (String room : rooms) {
      ask(subscriber, Talk.add(room));
      speakers.forEach(each -> ask(each, Talk.add(room)));
    }
    subscriber.hear();
    speakers.forEach(Guest::hear);
    int count = 60;
    for (int i = 0; i < count; i++) {
      int number = i;
      String room = rooms.get(random.nextInt(3));
      speakers.forEach(each -> each.send(in(room, each.id() + " " + room + " " + number)));
    }
    rest();
    List<String> heard = subscriber.heard();
    assertThat(heard).hasSize(count * speakers.size());
    for (Guest each : speakers) {
      for (String room : rooms) {
        assertThat(heard.stream().filter(text -> text.startsWith(each.id() + " " + room + " ")))
            .isSortedAccordingTo(comparingInt(HookOrderTest::number));
      }
      assertThat(told.stream().filter(text -> text.startsWith(each.id())))
          .isSortedAccordingTo(comparingInt(HookOrderTest::number));
      assertThat(each.hear().stream().filter(line -> line.contains("messageCount")).toList())
          .hasSize(count)
          .allMatch(line -> line.contains("OK"))
          .satisfies(
              replies -> {
                if (loops == 1) { // rooms on different loops answer in any order
                  assertThat(replies)
                      .isSortedAccordingTo(comparingInt(HookOrderTest::messageCount));
                }
              });
    }
  }

  private static int messageCount(String reply) {
    return Integer.parseInt(reply.replaceAll(".*\"messageCount\":(\\d+).*", "$1"));
  }

  private static int number(String text) {
    return Integer.parseInt(text.substring(text.lastIndexOf(' ') + 1));
  }

  @Test
  void a_slow_hook_holds_up_its_own_connection_and_no_other() throws Exception {
    var admission = new Semaphore(0);
    var asked = new CountDownLatch(1);
    Guest slow = guest(0);
    Guest other = guest(0);
    Guest subscriber = guest(1);
    hooks()
        .onSay(
            "*",
            say -> {
              if (say.connection() == slow.connection()) {
                asked.countDown();
                admission.acquire();
              }
              return say.message();
            });
    slow.send("say slow 1");
    slow.send("say slow 2");
    slow.send("detailsView");
    asked.await();
    slow.hear();
    for (int i = 0; i < 20; i++) {
      int number = i;
      other.hear();
      other.send("say " + i);
      await("answered", () -> other.lines.toString().contains("\"status\":\"OK\""));
      assertThat(subscriber.heard()).containsExactly(String.valueOf(number));
    }
    assertThat(slow.hear()).noneMatch(line -> line.contains("messageCount"));
    admission.release(2);
    rest();
    assertThat(subscriber.heard()).containsExactly("slow 1", "slow 2");
    assertThat(slow.hear().stream().filter(line -> line.contains("messageCount")).toList())
        .hasSize(3)
        .last()
        .asString()
        .contains("details");
  }
}
