package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.spi.Ending;
import io.earshot.stats.Gauge;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Connections that end at an inconvenient moment: other clients miss no message and no order. */
final class EndingsTest {
  private static final int TOO_MUCH = Config.defaults().limits().outboundBytes() + 1;

  /** The longest room name, so that a few announcements fill a batch. */
  private static final String LONG_NAME = "界".repeat(256);

  private static List<Guest> guests(TestServer server, int count, String room) {
    List<Guest> guests = Stream.generate(server::guest).limit(count).toList();
    guests.forEach(guest -> guest.ask("roomChange " + room));
    guests.forEach(Guest::hear);
    return guests;
  }

  @Test
  void a_member_that_left_and_joins_again_hears_all_of_the_first_batch() {
    var server = new TestServer(1, TestServer.quiet());
    Guest first = server.guest();
    Guest returner = server.guest();
    Guest speaker = server.guest();
    first.ask("roomChange attic");
    first.send("say " + "z".repeat(300));
    returner.send("roomChange attic"); // in the middle of the first batch
    server.settle();
    first.ask("roomChange cellar");
    returner.ask("roomChange attic"); // as the only member: the room gets a new fan-out
    speaker.ask("roomChange attic");
    returner.hear();
    speaker.ask("say one");
    speaker.ask("say two");
    assertThat(returner.heard()).containsExactly("one", "two");
  }

  @Test
  void a_connection_that_is_cut_off_while_it_changes_rooms_is_in_neither_room() {
    var server = new TestServer(1, TestServer.quiet());
    Guest speaker = server.guest();
    Guest slow = server.guest();
    server.settle();
    slow.pending = TOO_MUCH;
    speaker.send("say x");
    slow.send("roomChange attic");
    server.settle();
    assertThat(slow.finished).isTrue();
    assertThat(server.earshot.api().connections()).containsExactly(speaker.connection());
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().roomIfAny("attic")).isNull();
  }

  @Test
  void the_other_members_hear_everything_when_many_are_cut_off_at_once() {
    var server = new TestServer();
    Guest other = server.guest();
    List<Guest> guests = guests(server, 202, LONG_NAME);
    Guest speaker = guests.get(0);
    Guest subscriber = guests.get(1);
    guests.subList(2, 202).forEach(slow -> slow.pending = TOO_MUCH);
    Guest witness = server.guest();
    other.hear();
    speaker.ask("say first");
    assertThat(subscriber.heard()).startsWith("first").hasSize(201);
    witness.ask("say hello");
    assertThat(other.heard()).containsExactly("hello");
  }

  @Test
  void a_write_that_fails_closes_that_connection_and_no_other() {
    var server = new TestServer(1, TestServer.quiet());
    Guest before = server.guest();
    Guest broken = server.guest();
    Guest after = server.guest();
    Guest speaker = server.guest();
    Stream.of(before, broken, after).forEach(Guest::hear);
    broken.failure = new OutOfMemoryError("planted");
    speaker.ask("say one");
    speaker.ask("say two");
    assertThat(before.heard()).containsExactly("one", "two");
    assertThat(after.heard()).containsExactly("one", "two");
    assertThat(broken.closed).isTrue();
  }

  @Test
  void a_connection_that_its_own_reply_cuts_off_is_announced_as_entered_before_it_is_as_left() {
    var server = new TestServer();
    Guest there = server.guest();
    Guest slow = server.guest();
    there.ask("roomChange attic");
    there.hear();
    slow.pending = TOO_MUCH;
    slow.send("roomChange attic");
    assertThat(there.heard()).containsExactly("I have entered the room", "I have left the room");
  }

  @Test
  void an_announcement_in_the_middle_of_a_fan_out_has_the_same_place_on_every_wire() {
    var server = new TestServer();
    Guest two = server.guest(0, Lines.TWO);
    Guest one = server.guest(0, Lines.ONE);
    Guest slow = server.guest(0, Lines.ONE);
    Guest speaker = server.guest(0, Lines.ONE);
    Stream.of(one, two, slow, speaker).forEach(Guest::hear);
    slow.pending = TOO_MUCH;
    speaker.ask("say " + "M".repeat(63_000));
    assertThat(one.heard()).hasSize(2).isEqualTo(two.heard());
  }

  @Test
  void a_message_that_was_answered_ok_is_sent_before_the_end_of_a_connection() {
    var server = new TestServer(2, TestServer.quiet());
    Guest speaker = server.guest(0, Lines.ONE);
    List<Guest> subscribers = List.of(server.guest(0, Lines.ONE), server.guest(1, Lines.TWO));
    Guest quitter = server.guest(0, Lines.ONE);
    Stream.of(speaker, quitter).forEach(Guest::hear);
    subscribers.forEach(Guest::hear);
    server.earshot.closeAll();
    speaker.send("say last");
    quitter.send("quit");
    server.settle();
    for (Guest subscriber : subscribers) {
      assertThat(subscriber.lines).hasSize(3);
      assertThat(subscriber.lines.get(0)).contains("\"message\":\"last\"");
      assertThat(subscriber.lines.get(1)).contains("server shutdown");
    }
    assertThat(quitter.lines.getFirst()).contains("\"message\":\"last\"");
    assertThat(quitter.lines.get(1)).contains("Bye!", "\"messageCount\":1");
  }

  @Test
  void requests_before_the_end_of_input_are_done_before_the_connection_ends() {
    for (int loop = 0; loop < 2; loop++) {
      var server = new TestServer(2, TestServer.quiet());
      Guest subscriber = server.guest();
      subscriber.ask("roomChange attic");
      subscriber.hear();
      Guest closer = server.guest(loop, Lines.ONE);
      closer.send("roomChange attic");
      closer.send("say hello");
      closer.loop.run(() -> closer.intake.inputEnded(new Ending(1000, "")));
      assertThat(subscriber.heard()).containsExactly("hello");
    }
  }

  @Test
  void a_message_that_is_no_json_is_refused_by_the_call_that_sends_it() {
    var server = new TestServer();
    Object deep =
        IntStream.range(0, 600)
            .boxed()
            .reduce((Object) "x", (inner, _) -> List.of(inner), (a, _) -> a);
    assertThatThrownBy(() -> server.earshot.api().chatRoom().socketRoomBroadcast(null, deep))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Json.Num("1\n2")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void server_code_cannot_send_for_a_connection_that_has_ended() {
    var server = new TestServer(1, TestServer.quiet());
    Guest gone = server.guest();
    Guest subscriber = server.guest();
    subscriber.hear();
    gone.loop.run(gone.intake::gone);
    var told =
        server
            .earshot
            .api()
            .chatRoom()
            .socketRoomBroadcast(gone.connection(), "x")
            .toCompletableFuture();
    assertThat(subscriber.heard()).isEmpty();
    assertThat(told).isCompletedExceptionally();
  }

  @Test
  void a_message_for_an_audience_does_not_reach_a_member_that_joined_after_it() {
    var server = new TestServer(1, TestServer.quiet());
    Guest speaker = server.guest();
    Guest newMember = server.guest();
    newMember.ask("roomChange attic");
    newMember.hear();
    speaker.send("say before");
    speaker.send("{\"event\":\"say\",\"message\":\"for nobody\",\"roomMatchKey\":\"x\"}");
    newMember.send("roomChange defaultRoom");
    speaker.send("say after");
    assertThat(newMember.heard()).containsExactly("after");
  }

  @Test
  void a_connection_that_has_ended_listens_to_no_room() {
    var server = new TestServer();
    Guest guest = server.guest();
    guest.ask("listenToRoom attic");
    guest.ask("listenToRoom cellar");
    guest.loop.run(guest.intake::gone);
    server.settle();
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().stats().get(Gauge.ROOMS))
        .isZero();
  }

  @Test
  void a_connection_that_is_closed_ends_although_its_client_keeps_sending() {
    var server = new TestServer(2, TestServer.quiet());
    for (int loop = 0; loop < 2; loop++) {
      Guest talker = server.guest(loop, Lines.ONE);
      server.settle();
      talker.connection().close("enough");
      for (int i = 0; i < 100 && !talker.finished; i++) {
        talker.send("say " + i);
        server.loops.forEach(ManualLoop::runOne);
      }
      assertThat(talker.finished).isTrue();
      assertThat(talker.lines).noneMatch(line -> line.contains("shutting down"));
    }
  }

  @Test
  void a_request_after_quit_is_not_done() {
    var server = new TestServer(1, TestServer.quiet());
    Guest guest = server.guest();
    guest.send("quit");
    guest.send("roomChange attic");
    server.settle();
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().stats().get(Gauge.ROOMS))
        .isZero();
  }

  @Test
  void a_client_that_quits_gets_the_earlier_messages_of_every_room_before_the_end() {
    var server = new TestServer(2, TestServer.quiet());
    List<String> rooms = List.of("defaultRoom", "attic", "cellar", "roof", "hall");
    List<Guest> speakers = rooms.stream().map(room -> guests(server, 1, room).getFirst()).toList();
    Guest quitter = server.guest(1, Lines.TWO);
    rooms.forEach(room -> quitter.ask("listenToRoom " + room));
    quitter.hear();
    speakers.forEach(speaker -> speaker.send("say last"));
    server.settle();
    speakers.forEach(speaker -> speaker.send("say later"));
    quitter.send("quit");
    List<String> lines = quitter.hear();
    int bye =
        lines.indexOf(
            lines.stream().filter(line -> line.contains("Bye!")).findFirst().orElseThrow());
    assertThat(TestServer.texts(lines.subList(0, bye))).filteredOn("last"::equals).hasSize(5);
    assertThat(TestServer.texts(lines.subList(bye, lines.size()))).isEmpty();
  }
}
