package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.engine.EngineInside;
import io.earshot.stats.Counter;
import io.earshot.stats.LoopStats;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Clients that do not keep up with a room, by the rule of the room. */
final class SlowConsumersTest {
  private static final int BEHIND = 100_000;

  private final TestServer server =
      new TestServer(
          1,
          TestServer.quiet()
              .with(
                  "rooms.rules",
                  "drop.* slowConsumers=drop, last.* slowConsumers=conflate,"
                      + " prices.* slowConsumers=conflate conflateBy=symbol"));
  private final Guest speaker = server.guest();
  private final Guest slow = server.guest();
  private final Guest quick = server.guest();

  private void enter(String room) {
    List.of(speaker, slow, quick).forEach(guest -> guest.ask("roomChange " + room));
    List.of(speaker, slow, quick).forEach(Guest::hear);
  }

  private void catchUp() {
    slow.pending = 0;
    slow.loop.run(slow.intake::drained);
  }

  private static String places(String line) {
    return line.replaceAll("\"epoch\":\"[^\"]*\"", "\"epoch\":E");
  }

  @Test
  void a_room_that_drops_messages_announces_the_gap() {
    enter("drop.it");
    speaker.ask("say 1");
    slow.pending = BEHIND;
    speaker.ask("say 2");
    speaker.ask("say 3");
    catchUp();
    speaker.ask("say 4");
    assertThat(quick.heard()).containsExactly("1", "2", "3", "4");
    List<String> lines = slow.hear();
    assertThat(TestServer.texts(lines)).containsExactly("1", "4");
    assertThat(places(lines.get(1)))
        .isEqualTo(
            "{\"context\":\"gap\",\"room\":\"drop.it\",\"epoch\":E,\"from\":2,\"to\":3,\"missing\":2}");
  }

  @Test
  void a_room_that_conflates_messages_sends_the_newest_after_the_gap() {
    enter("last.one");
    slow.pending = BEHIND;
    for (int i = 1; i <= 5; i++) {
      speaker.ask("say " + i);
    }
    catchUp();
    List<String> lines = slow.hear();
    assertThat(lines.getFirst()).contains("\"from\":1,\"to\":5,\"missing\":4");
    assertThat(TestServer.texts(lines)).containsExactly("5");
  }

  @Test
  void messages_with_the_same_value_of_a_field_are_conflated() {
    enter("prices.now");
    slow.pending = BEHIND;
    for (String price : List.of("A 1", "B 1", "A 2", "C 1", "A 3")) {
      String[] parts = price.split(" ", -1);
      speaker.ask(
          "{\"event\":\"say\",\"message\":{\"symbol\":\""
              + parts[0]
              + "\",\"price\":"
              + parts[1]
              + "}}");
    }
    catchUp();
    assertThat(slow.hear())
        .satisfiesExactly(
            gap -> assertThat(gap).contains("\"missing\":2"),
            line -> assertThat(line).contains("\"symbol\":\"B\",\"price\":1"),
            line -> assertThat(line).contains("\"symbol\":\"C\",\"price\":1"),
            line -> assertThat(line).contains("\"symbol\":\"A\",\"price\":3"));
  }

  @Test
  void no_gap_is_announced_when_nothing_is_missing() {
    enter("last.one");
    slow.pending = BEHIND;
    speaker.ask("say only");
    catchUp();
    assertThat(slow.hear()).singleElement().asString().contains("only");
  }

  @Test
  void a_slow_client_that_leaves_a_room_gets_the_gap_first() {
    enter("drop.it");
    slow.pending = BEHIND;
    speaker.ask("say 1");
    slow.pending = 0;
    slow.send("roomChange peers");
    assertThat(slow.hear()).anyMatch(line -> line.contains("\"context\":\"gap\""));
  }

  @Test
  void messages_left_out_and_connections_cut_off_are_counted() {
    enter("drop.it");
    slow.pending = BEHIND;
    speaker.ask("say 1");
    speaker.ask("say 2");
    slow.pending = 0;
    catchUp();
    List.of(speaker, slow).forEach(guest -> guest.ask("roomChange defaultRoom"));
    slow.pending = Integer.MAX_VALUE;
    speaker.ask("say 3");
    server.pass(Duration.ofSeconds(1));
    LoopStats stats = EngineInside.rooms(server.earshot).shards().getFirst().stats();
    assertThat(stats.get(Counter.LEFT_OUT)).isEqualTo(2);
    assertThat(stats.get(Counter.CUT_OFF)).isEqualTo(1);
  }
}
