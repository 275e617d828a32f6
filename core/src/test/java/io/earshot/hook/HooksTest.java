package io.earshot.hook;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Api;
import io.earshot.Hooks;
import io.earshot.Permission;
import io.earshot.PrivateRoom;
import io.earshot.RefusedException;
import io.earshot.Target;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What hooks can decide and change. */
final class HooksTest extends HookTestCase {
  @Test
  void each_say_hook_gets_the_message_of_the_hook_before_and_members_get_that_of_the_last() {
    Guest speaker = guest(0);
    Guest subscriber = guest(1);
    hooks().onSay("*", say -> say.message().asText() + " one");
    hooks().onSay("other", say -> "nobody is in this room");
    hooks().onSay("default*", say -> Map.of("said", say.message(), "in", say.room()));
    assertThat(ask(speaker, "say x")).contains("OK");
    assertThat(subscriber.hear())
        .last()
        .asString()
        .contains("{\"message\":{\"")
        .contains("\"said\":\"x one\"", "\"in\":\"defaultRoom\"", speaker.id());
  }

  @Test
  void after_a_refusal_no_further_hook_is_asked() {
    Guest speaker = guest(0);
    Guest subscriber = guest(1);
    hooks()
        .onSay(
            "*",
            _ -> {
              throw new RefusedException("not in this server");
            });
    hooks()
        .onSay(
            "*",
            say -> {
              told.add("asked");
              return say.message();
            });
    assertThat(ask(speaker, "say x"))
        .contains("\"error\":\"Error: not in this server\"", "\"room\":\"defaultRoom\"")
        .doesNotContain("OK");
    assertThat(subscriber.heard()).isEmpty();
    assertThat(told).isEmpty();
  }

  @Test
  void join_hooks_decide_about_joining_and_listening_and_refuse_with_a_reason() {
    hooks()
        .onJoin(
            "club.*",
            join -> {
              told.add(join.what() + " " + join.room());
              if (join.what() == Permission.JOIN
                  && !join.connection().attributes().containsKey("vip")) {
                throw new RefusedException("members only");
              }
            });
    Guest guest = guest(0);
    assertThat(ask(guest, "roomChange club.a")).contains("Error: members only", "club.a");
    assertThat(ask(guest, Talk.add("club.b"))).contains("Error: members only", "club.b");
    assertThat(ask(guest, "listenToRoom club.c")).contains("OK");
    guest.connection().set("vip", "yes");
    assertThat(ask(guest, "roomChange club.a")).contains("OK");
    assertThat(ask(guest, "detailsView")).contains("\"room\":\"club.a\"");
    assertThat(told).containsExactly("JOIN club.a", "JOIN club.b", "LISTEN club.c", "JOIN club.a");
  }

  @Test
  void a_client_refused_by_a_connect_hook_is_sent_the_reason_and_joins_no_room() {
    hooks()
        .onConnect(
            connection -> {
              told.add("connect " + connection.transport());
              connection.set("seen", "yes");
              if (told.size() > 1) {
                throw new RefusedException("one is enough");
              }
            });
    hooks().onJoin("*", join -> told.add("join " + join.connection().attributes()));
    hooks().onLeave("*", _ -> told.add("leave"));
    Guest first = server.guest();
    first.send("say x"); // waits for the hook
    rest();
    assertThat(first.hear()).first().asString().contains("\"welcome\"");
    Guest second = server.guest();
    rest();
    assertThat(second.finished).isTrue();
    assertThat(second.hear())
        .satisfiesExactly(
            bye -> assertThat(bye).contains("Error: one is enough"),
            end -> assertThat(end).isEqualTo("end 1008"));
    assertThat(told).containsExactly("connect TCP", "join {seen=yes}", "connect TCP");
    assertThat(server.earshot.api().connections()).containsExactly(first.connection());
  }

  @Test
  void a_client_refused_by_its_first_room_is_disconnected() {
    hooks()
        .onJoin(
            "*",
            _ -> {
              throw new RefusedException("closed");
            });
    hooks().onLeave("*", _ -> told.add("leave"));
    Guest guest = server.guest();
    rest();
    assertThat(guest.hear().toString()).contains("Error: closed", "end 1008");
    assertThat(server.earshot.api().connections()).isEmpty();
    assertThat(told).isEmpty();
  }

  @Test
  void a_removed_hook_is_not_asked_again() {
    Guest speaker = guest(0);
    Hooks.Registration one = hooks().onSay("*", say -> "changed");
    assertThat(ask(speaker, "say x")).contains("OK");
    one.close();
    one.close();
    Guest subscriber = guest(1);
    speaker.ask("say y"); // at once, as without hooks
    assertThat(subscriber.heard()).containsExactly("y");
    Api plugIn = server.earshot.api().forPlugIn();
    plugIn.hooks().onSay("*", _ -> "gone");
    hooks().onSay("*", say -> say.message().asText() + " stays");
    plugIn.hooks().removeAll();
    ask(speaker, "say z");
    assertThat(subscriber.heard()).containsExactly("z stays");
  }

  @Test
  void hooks_are_not_asked_about_messages_of_server_code() {
    hooks().onSay("*", _ -> "changed");
    Guest subscriber = guest(0);
    subscriber.hear();
    server.earshot.api().chatRoom().socketRoomBroadcast(null, "from the server");
    assertThat(subscriber.heard()).containsExactly("from the server");
  }

  @Test
  void a_repeated_say_is_delivered_once_even_if_a_hook_changes_it_differently() {
    var count = new AtomicInteger();
    hooks().onSay("*", say -> say.message().asText() + count.incrementAndGet());
    Guest speaker = guest(0);
    Guest subscriber = guest(1);
    String say = "{\"event\":\"say\",\"message\":\"x\",\"messageId\":\"m\"}";
    String first = ask(speaker, say);
    String again = ask(speaker, say);
    assertThat(again.replaceAll("\"messageCount\":\\d+", ""))
        .isEqualTo(first.replaceAll("\"messageCount\":\\d+", ""));
    assertThat(subscriber.heard()).containsExactly("x1");
  }

  // --- requests that wait for a hook -----------------------------------------------------------

  @Test
  void a_refused_client_is_disconnected_despite_requests_that_it_has_sent_meanwhile()
      throws Exception {
    var decide = new CountDownLatch(1);
    hooks()
        .onConnect(
            connection -> {
              decide.await();
              throw new RefusedException("not you");
            });
    Guest refused = server.guest(0, TestServer.Lines.ONE);
    server.settle();
    refused.send("detailsView");
    refused.send("say too early");
    decide.countDown();
    rest();
    assertThat(refused.hear()).anyMatch(line -> line.contains("Bye!") && line.contains("not you"));
    assertThat(refused.finished).isTrue();
    assertThat(server.earshot.api().connections()).isEmpty();
  }

  @Test
  void
      a_client_that_must_leave_its_room_and_is_refused_by_the_default_room_is_disconnected_despite_later_requests()
          throws Exception {
    PrivateRoom room = server.earshot.api().chatRoom().createPrivateRoom();
    Guest inside = guest(0);
    ask(inside, "roomChange " + room + " token=" + room.token("ada", Duration.ofSeconds(5)));
    var decide = new CountDownLatch(1);
    hooks()
        .onJoin(
            "defaultRoom",
            join -> {
              decide.await();
              throw new RefusedException("full");
            });
    server.pass(Duration.ofSeconds(6));
    inside.send("detailsView");
    decide.countDown();
    rest();
    assertThat(inside.finished).isTrue();
    assertThat(server.earshot.api().connections()).isEmpty();
  }

  @Test
  void a_mute_decided_while_a_hook_runs_refuses_the_message() throws Exception {
    Guest speaker = guest(0);
    Guest subscriber = guest(1);
    var asked = new CountDownLatch(1);
    var decide = new CountDownLatch(1);
    hooks()
        .onSay(
            "*",
            say -> {
              asked.countDown();
              decide.await();
              return say.message();
            });
    speaker.send("say late");
    server.settle();
    asked.await();
    var _ =
        server
            .earshot
            .api()
            .moderation()
            .mute(new Target.Id(speaker.id()), null, Duration.ofHours(1), "enough");
    server.settle();
    decide.countDown();
    rest();
    assertThat(speaker.hear()).anyMatch(line -> line.contains("muted"));
    assertThat(subscriber.heard()).isEmpty();
  }
}
