package io.earshot.hook;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Hooks;
import io.earshot.StandIn;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Hooks learn of messages that have their place, and nobody waits for them. */
final class AfterSayTest extends HookTestCase {
  private static String line(Hooks.Said said) {
    return said.room() + " " + said.place().offset() + " " + said.message().asText();
  }

  @Test
  void a_hook_learns_of_the_message_as_it_was_delivered_and_of_its_place() {
    hooks().onSay("*", say -> say.message().asText() + "!");
    hooks().afterSay("attic", said -> told.add(line(said) + " " + said.connection().id()));
    Guest ada = guest(1);
    ask(ada, "say elsewhere");
    ask(ada, "roomChange attic");
    String answer = ask(ada, "say hello");
    ask(ada, in("attic", "again"));
    assertThat(answer).contains("\"offset\":1");
    assertThat(told()).containsExactly("attic 1 hello! " + ada.id(), "attic 2 again! " + ada.id());
  }

  @Test
  void it_learns_of_no_message_that_was_refused_and_of_none_of_server_code() {
    hooks().afterSay("*", said -> told.add(line(said)));
    Guest ada = guest(0);
    ask(ada, in("attic", "not a member"));
    var unused =
        server.earshot.api().chatRoom().socketRoomBroadcast(StandIn.in("defaultRoom"), "server");
    ask(ada, "say one");
    assertThat(told()).containsExactly("defaultRoom 2 one");
  }

  @Test
  void a_repeat_is_told_with_the_place_of_the_first() {
    hooks().afterSay("*", said -> told.add(line(said)));
    Guest ada = guest(0);
    String say = "{\"event\":\"say\",\"message\":\"x\",\"messageId\":\"1\"}";
    ask(ada, say);
    ask(ada, "say between");
    ask(ada, say);
    assertThat(told())
        .containsExactly("defaultRoom 1 x", "defaultRoom 2 between", "defaultRoom 1 x");
  }

  @Test
  void no_request_waits_for_it_and_it_learns_of_the_messages_in_their_order() throws Exception {
    var begun = new Semaphore(0);
    var proceed = new Semaphore(0);
    hooks().onSay("asked", say -> say.message());
    hooks()
        .afterSay(
            "*",
            said -> {
              begun.release();
              proceed.acquire();
              told.add(line(said));
            });
    Guest ada = guest(0);
    assertThat(ada.ask("say 1")).contains("OK");
    begun.acquire();
    for (int i = 2; i <= 20; i++) {
      assertThat(ada.ask("say " + i)).contains("\"offset\":" + i); // though the hook has not ended
    }
    assertThat(ada.ask("roomChange attic")).contains("OK");
    ada.send("quit");
    server.settle();
    assertThat(ada.finished).isTrue();
    assertThat(told).isEmpty();
    proceed.release(20);
    assertThat(told())
        .containsExactlyElementsOf(
            IntStream.rangeClosed(1, 20).mapToObj(i -> "defaultRoom " + i + " " + i).toList());
  }

  @Test
  void a_hook_that_is_too_slow_misses_messages_and_takes_up_bounded_memory() throws Exception {
    var begun = new Semaphore(0);
    var proceed = new Semaphore(0);
    hooks()
        .afterSay(
            "*",
            said -> {
              begun.release();
              proceed.acquire();
              told.add(line(said));
            });
    Guest ada = guest(0);
    ada.ask("say 0");
    begun.acquire();
    for (int i = 1; i <= 1_010; i++) {
      ada.send("say " + i);
    }
    server.settle();
    assertThat(EngineInside.hooks(server.earshot).underWay()).isEqualTo(1_001);
    proceed.release(2_000);
    assertThat(told()).hasSize(1_001);
  }

  @Test
  void posts_by_http_to_a_slow_hook_take_up_bounded_memory_together() throws Exception {
    server = new TestServer(2, config().with("hooks.running", 1));
    var begun = new Semaphore(0);
    var proceed = new Semaphore(0);
    Hooks.Registration hook =
        hooks()
            .afterSay(
                "*",
                said -> {
                  begun.release();
                  proceed.acquire();
                  told.add(line(said));
                });
    Json text = Json.of("hello");
    var poster = new Visitor("9".repeat(40), "defaultRoom", new InetSocketAddress(0));
    for (int i = 0; i <= HookRunner.MOST_ASIDE + 10; i++) {
      var unused = server.earshot.http().say(poster, "attic", null, text, null, "", null);
    }
    server.settle();
    begun.acquire();
    assertThat(EngineInside.hooks(server.earshot).underWay()).isEqualTo(HookRunner.MOST_ASIDE);
    hook.close();
    proceed.release();
    await("the hook has ended", () -> told.size() == 1);
    server.pass(Duration.ofSeconds(1)); // the others find that it is removed
    assertThat(EngineInside.hooks(server.earshot).underWay()).isZero();
  }
}
