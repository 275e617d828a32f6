package io.earshot.explain;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.RefusedException;
import io.earshot.StandIn;
import io.earshot.Target;
import io.earshot.Transport;
import io.earshot.engine.EngineInside;
import io.earshot.explain.Facts.Client;
import io.earshot.protocol.Json;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Why a client did or did not receive a message: each reason, and its text. */
final class ExplainTest extends ExplainTestCase {

  @Test
  void a_member_received_what_came_while_it_was_subscribed() {
    Guest bob = bob("attic");
    Guest speaker = speaker("attic");
    passSecond();
    speaker.ask("say one");
    passSecond();
    bob.pending = 17;
    assertThat(explain("attic", 1))
        .isEqualTo(
            "received: Bob (u7) received message 1 of attic at 00:26:41.000 UTC on connection "
                + bob.id()
                + ", written to the socket; 17 bytes wait.");
  }

  @Test
  void a_sender_does_not_receive_its_own_message() {
    Guest bob = bob("attic");
    bob.ask("say mine");
    assertThat(explain("attic", 1))
        .startsWith("sender: Bob (u7) sent message 1 of attic at 00:26:40.000 UTC on connection")
        .endsWith("a sender does not receive its own message.");
  }

  @Test
  void a_member_that_came_later_or_left_before_did_not_receive_it() {
    Guest speaker = speaker("attic");
    speaker.ask("say one");
    passSecond();
    Guest bob = bob("attic");
    speaker.ask("say two");
    passSecond();
    bob.ask("roomChange cellar");
    passSecond();
    speaker.ask("say three");
    assertThat(explain("attic", 1))
        .startsWith("not_a_member: Bob (u7) did not receive message 1 of attic on connection ")
        .endsWith(
            "it was not in the room at 00:26:40.000 UTC; it came at 00:26:41.000 UTC, and the first"
                + " message for it was 2.");
    assertThat(explain("attic", 2)).startsWith("received: ");
    assertThat(explain("attic", 3))
        .startsWith("not_a_member: ")
        .endsWith("it left the room at 00:26:42.000 UTC after message 2.");
  }

  @Test
  void a_listener_received_it_until_it_stopped_listening() {
    Guest bob = bob("cellar");
    Guest speaker = speaker("attic");
    bob.ask("listenToRoom attic");
    speaker.ask("say one");
    bob.ask("silenceRoom attic");
    speaker.ask("say two");
    assertThat(explain("attic", 1)).startsWith("received: ");
    assertThat(explain("attic", 2))
        .startsWith("not_a_member: ")
        .endsWith("it stopped listening at 00:26:40.000 UTC after message 1.");
  }

  @Test
  void a_client_in_another_room_did_not_receive_it() {
    bob("cellar");
    speaker("attic").ask("say one");
    assertThat(explain("attic", 1))
        .startsWith("not_a_member: ")
        .endsWith("it is not in the room and does not listen to it.");
  }

  @Test
  void the_audience_did_not_match_as_the_attributes_were_at_that_time() {
    Guest bob = bob("attic");
    bob.connection().set("team", "blue");
    Guest speaker = speaker("attic");
    passSecond();
    String say =
        "{\"event\":\"say\",\"message\":\"red\",\"roomMatchKey\":\"team\",\"roomMatchValue\":\"red\"}";
    speaker.ask(say);
    passSecond();
    bob.connection().set("team", "red");
    speaker.ask(say);
    assertThat(explain("attic", 1))
        .startsWith("not_in_audience: ")
        .endsWith("the message was for team=red, and its attribute team was blue.");
    assertThat(explain("attic", 2)).startsWith("received: ");
    passSecond();
    lose(server, bob);
    server.pass(Duration.ofMinutes(1));
    assertThat(explain("attic", 1)).contains("its attribute team was blue.");
  }

  @Test
  void a_slow_consumer_was_left_out_and_told_of_a_gap() {
    server = new TestServer(2, config().with("rooms.rules", "drop.* slowConsumers=drop"));
    Guest bob = bob("drop.it");
    Guest speaker = speaker("drop.it");
    speaker.ask("say one");
    bob.pending = BEHIND;
    speaker.ask("say two");
    assertThat(explain("drop.it", 2))
        .startsWith("left_out: ")
        .endsWith(
            "it is left out by the room's rule for slow consumers; 100000 bytes wait for the client"
                + " to read them.");
    bob.pending = 0;
    passSecond();
    bob.loop.run(bob.intake::drained);
    speaker.ask("say three");
    assertThat(explain("drop.it", 1)).startsWith("received: ");
    assertThat(explain("drop.it", 2))
        .startsWith("left_out: ")
        .endsWith(
            "when the client read again at 00:26:41.000 UTC, it was told of a gap in messages 2 to"
                + " 2.");
    assertThat(explain("drop.it", 3)).startsWith("received: ");
  }

  @Test
  void a_lost_client_did_not_receive_it_until_it_came_back_with_a_cursor() {
    Guest bob = server.guest(1, BOB, Transport.WEBSOCKET);
    String session = TestServer.session(bob.lines.getFirst());
    bob.ask("roomChange attic");
    Guest speaker = speaker("attic");
    String known = cursor(speaker.ask("say one"));
    passSecond();
    lose(server, bob);
    speaker.ask("say two");
    assertThat(explain("attic", 1))
        .startsWith("received: ")
        .endsWith(
            "written to the socket; that connection was lost at 00:26:41.000 UTC, so the client may"
                + " not have read it.");
    assertThat(explain("attic", 2))
        .startsWith("connection_lost: ")
        .endsWith(
            "its connection was lost at 00:26:41.000 UTC after message 1, and the client has not"
                + " come back; the room keeps its place.");
    passSecond();
    Guest back = server.guest(0, BOB, Transport.WEBSOCKET);
    assertThat(back.ask("resume " + session + " attic=" + known)).isNotEmpty();
    assertThat(explain("attic", 2))
        .startsWith("recovered: Bob (u7) received message 2 of attic at 00:26:42.000 UTC")
        .contains("back to its session with the cursor " + known + ".");
  }

  @Test
  void a_client_that_came_back_too_late_was_told_of_a_gap() {
    server = new TestServer(2, config().with("rooms.historyMessages", 1));
    Guest bob = server.guest(1, BOB, Transport.WEBSOCKET);
    String session = TestServer.session(bob.lines.getFirst());
    bob.ask("roomChange attic");
    Guest speaker = speaker("attic");
    String known = cursor(speaker.ask("say one"));
    lose(server, bob);
    speaker.ask("say two");
    speaker.ask("say three");
    Guest back = server.guest(0, BOB, Transport.WEBSOCKET);
    back.ask("resume " + session + " attic=" + known);
    assertThat(explain("attic", 2))
        .startsWith("gap: ")
        .contains("with the cursor " + known + " at 00:26:40.000 UTC")
        .contains("the server no longer had the messages after that; it was told of a gap.");
  }

  @Test
  void a_cursor_from_before_the_message_shows_that_a_lost_client_had_not_read_it() {
    Guest bob = server.guest(1, BOB, Transport.WEBSOCKET);
    String session = TestServer.session(bob.lines.getFirst());
    bob.ask("roomChange attic");
    Guest speaker = speaker("attic");
    String known = cursor(speaker.ask("say one"));
    speaker.ask("say two");
    lose(server, bob);
    assertThat(explain("attic", 2)).startsWith("received: ").contains("may not have read it");
    Guest back = server.guest(0, BOB, Transport.WEBSOCKET);
    back.ask("resume " + session + " attic=" + known);
    assertThat(explain("attic", 2)).startsWith("recovered: ");
    assertThat(explain("attic", 1)).startsWith("received: ");
  }

  @Test
  void a_gap_says_nothing_of_messages_that_the_client_had_before_it_came() {
    server = new TestServer(2, config().with("rooms.historyMessages", 1));
    Guest speaker = speaker("attic");
    String known = cursor(speaker.ask("say one"));
    speaker.ask("say two");
    speaker.ask("say three");
    passSecond();
    Guest bob = server.guest(1, BOB, Transport.WEBSOCKET);
    bob.ask("roomChange attic after=" + known);
    assertThat(explain("attic", 2)).startsWith("gap: ").contains("with the cursor " + known);
    assertThat(explain("attic", 1)).startsWith("not_a_member: ").contains("it came at 00:26:41");
  }

  @Test
  void a_client_that_is_kicked_and_breaks_its_connection_at_once_was_kicked() {
    Guest bob = bob("attic");
    Guest speaker = speaker("attic");
    bob.loop.run(
        () -> {
          bob.connection().close("kicked");
          bob.intake.gone();
        });
    speaker.ask("say one");
    assertThat(explain("attic", 1)).startsWith("not_a_member: ").endsWith("(kicked).");
  }

  @Test
  void a_request_to_join_that_was_refused_later_is_no_reason() {
    server = new TestServer(2, config().with("rooms.rules", "vault join=token"));
    Guest bob = bob("cellar");
    server
        .earshot
        .api()
        .chatRoom()
        .socketRoomBroadcast(new StandIn("vault", Json.of("robot"), null), Json.of("hi"));
    server.settle();
    passSecond();
    bob.ask("roomChange vault");
    assertThat(explain("vault", 1)).startsWith("not_a_member: ").endsWith("does not listen to it.");
  }

  @Test
  void a_room_that_everybody_has_left_is_explained_by_what_is_remembered() {
    server = new TestServer(2, config().with("rooms.historyMessages", 0));
    Guest bob = bob("attic");
    Guest speaker = speaker("attic");
    speaker.ask("say one");
    passSecond();
    bob.ask("roomChange cellar");
    speaker.ask("say two");
    speaker.ask("roomChange cellar");
    server.pass(Duration.ofMinutes(10));
    assertThat(EngineInside.rooms(server.earshot).shard("attic").roomIfAny("attic")).isNull();
    assertThat(explain("attic", 1)).startsWith("received: ");
    assertThat(explain("attic", 2)).startsWith("not_a_member: ").contains("it left the room at");
    assertThat(explain("attic", 3)).startsWith("never_heard_of: The room attic is not open");
    assertThat(explain("attic", 0)).startsWith("not_a_member: ");
  }

  @Test
  void an_announcement_is_for_the_others() {
    server = new TestServer(2, Config.defaults());
    speaker("attic").ask("say one");
    Guest bob = bob("attic");
    assertThat(explain("attic", 3))
        .startsWith("sender: Message 3 of attic announced at 00:26:40.000 UTC that Bob (u7) joined")
        .contains(" on connection " + bob.id());
  }

  @Test
  void the_messages_of_an_http_client_wait_in_its_queue() {
    Client client = new Client("c1", BOB, true, true, 17, Map.of(), null, null);
    var stay = new Stay(null, null, null, null, 1, 0, Long.MAX_VALUE);
    assertThat(new Wording("Bob", "attic", 1, 0, client, 0).received(stay, List.of()))
        .endsWith(
            "put into its message queue, from which it fetches messages by HTTP; 17 bytes wait.");
  }

  @Test
  void a_client_that_has_not_come_back_in_time_ended() {
    Guest bob = bob("attic");
    Guest speaker = speaker("attic");
    lose(server, bob);
    server.pass(Duration.ofMinutes(1));
    speaker.ask("say one");
    assertThat(explain("attic", 1))
        .startsWith("not_a_member: ")
        .endsWith(
            "the connection ended at 00:27:40.000 UTC (the client did not come back in time).");
  }

  @Test
  void a_client_that_was_disconnected_did_not_receive_it() {
    Guest bob = bob("attic");
    Guest speaker = speaker("attic");
    bob.connection().close("for the test");
    server.settle();
    speaker.ask("say one");
    assertThat(explain("attic", 1)).startsWith("not_a_member: ").endsWith("(for the test).");
  }

  @Test
  void a_request_to_join_was_refused() {
    server = new TestServer(2, config().with("rooms.rules", "vault join=token"));
    Guest bob = bob("cellar");
    bob.ask("roomChange vault");
    server
        .earshot
        .api()
        .chatRoom()
        .socketRoomBroadcast(new StandIn("vault", Json.of("robot"), null), Json.of("hi"));
    server.settle();
    assertThat(explain("vault", 1))
        .startsWith("join_refused: ")
        .contains("its request to enter the room was refused at 00:26:40.000 UTC: Error: ");
  }

  @Test
  void a_say_that_was_refused_has_no_message_and_is_named() {
    Guest bob = bob("attic");
    var muted =
        server
            .earshot
            .api()
            .moderation()
            .mute(new Target.Id(bob.id()), null, Duration.ofHours(1), "loud");
    server.settle();
    assertThat(muted.toCompletableFuture()).isDone();
    bob.ask("say hey");
    assertThat(explain("attic", 0))
        .contains("the last say of Bob (u7) was refused at 00:26:40.000 UTC: Error: you are muted")
        .contains("loud");
  }

  @Test
  void a_say_over_the_rate_of_the_room_is_named() {
    server = new TestServer(2, config().with("rooms.rules", "slow messagesPerSecond=1"));
    Guest bob = bob("slow");
    for (int i = 0; i < 20; i++) {
      bob.ask("say " + i);
    }
    Json.Obj answer = ask(new Question("slow", 0, null, "u7", null, 0));
    assertThat(String.valueOf(answer.get("events"))).contains("too many messages in this room");
  }

  @Test
  void a_hook_changed_or_refused_the_say() {
    server
        .earshot
        .api()
        .hooks()
        .onSay(
            "*",
            say -> {
              if (say.message().equals(Json.of("bad"))) {
                throw new RefusedException("no such words");
              }
              return "changed";
            });
    Guest bob = bob("attic");
    Guest speaker = speaker("attic");
    speaker.send("say one");
    server.runUntil("the hook has changed it", () -> !bob.lines.isEmpty());
    assertThat(explain("attic", 1))
        .startsWith("received: ")
        .endsWith("A hook had changed the message.");
    bob.send("say bad");
    server.runUntil(
        "the hook has refused it", () -> bob.lines.toString().contains("no such words"));
    Json.Obj answer = ask(new Question("attic", 0, null, "u7", null, 0));
    assertThat(String.valueOf(answer.get("events"))).contains("say_refused", "no such words");
  }
}
