package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.engine.EngineInside;
import io.earshot.protocol.Json;
import io.earshot.spi.Ending;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * A connection that ends, at the worst of times, costs nobody else a message, an order or a place.
 */
final class EndingsTest {
  private static final int TOO_MUCH = Config.defaults().limits().outboundBytes() + 1;

  /** The longest name that there is, so that announcements fill a batch. */
  private static final String LONG_NAME = "界".repeat(256);

  private static List<Guest> guests(TestServer server, int count, String room) {
    List<Guest> guests = Stream.generate(server::guest).limit(count).toList();
    guests.forEach(guest -> guest.ask("roomChange " + room));
    guests.forEach(Guest::hear);
    return guests;
  }

  @Test
  void who_enters_a_room_anew_hears_all_of_its_first_batch() {
    var server = new TestServer(1, TestServer.quiet());
    Guest first = server.guest();
    Guest returner = server.guest();
    Guest speaker = server.guest();
    first.ask("roomChange attic");
    first.send("say " + "z".repeat(300));
    returner.send("roomChange attic"); // in the middle of the first batch
    server.settle();
    first.ask("roomChange cellar");
    returner.ask("roomChange attic"); // alone: the room and its fan-out are made anew
    speaker.ask("roomChange attic");
    returner.hear();
    speaker.ask("say one");
    speaker.ask("say two");
    assertThat(returner.heard()).containsExactly("one", "two");
  }

  @Test
  void who_is_cut_off_while_changing_rooms_is_in_neither() {
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
  void many_who_are_cut_off_at_once_change_nothing_for_the_others() {
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
  void a_write_that_fails_costs_that_connection_and_no_other() {
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
  void who_is_cut_off_by_its_own_reply_has_entered_before_it_left() {
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
  void a_cut_off_in_the_middle_of_a_fan_out_is_in_the_same_place_for_every_wire() {
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
  void what_was_answered_ok_is_heard_before_any_goodbye() {
    var server = new TestServer(2, TestServer.quiet());
    Guest speaker = server.guest(0, Lines.ONE);
    List<Guest> subscribers = List.of(server.guest(0, Lines.ONE), server.guest(1, Lines.TWO));
    Guest quitter = server.guest(0, Lines.ONE);
    Stream.of(speaker, quitter).forEach(Guest::hear);
    subscribers.forEach(Guest::hear);
    server.earshot.dismissAll();
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
  void what_was_asked_before_a_close_is_done_before_it() {
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
  void what_cannot_be_said_as_json_is_refused_where_it_is_said() {
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
  void nobody_speaks_for_a_connection_that_is_gone() {
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
  void messages_for_some_do_not_reach_who_came_after_them() {
    var server = new TestServer(1, TestServer.quiet());
    Guest speaker = server.guest();
    Guest comer = server.guest();
    comer.ask("roomChange attic");
    comer.hear();
    speaker.send("say before");
    speaker.send("{\"event\":\"say\",\"message\":\"for nobody\",\"roomMatchKey\":\"x\"}");
    comer.send("roomChange defaultRoom");
    speaker.send("say after");
    assertThat(comer.heard()).containsExactly("after");
  }

  @Test
  void who_is_gone_listens_no_more() {
    var server = new TestServer();
    Guest guest = server.guest();
    guest.ask("listenToRoom attic");
    guest.ask("listenToRoom cellar");
    guest.loop.run(guest.intake::gone);
    server.settle();
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().roomCount()).isZero();
  }

  @Test
  void who_is_sent_away_and_keeps_talking_is_sent_away_all_the_same() {
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
  void what_is_asked_after_quit_is_not_done() {
    var server = new TestServer(1, TestServer.quiet());
    Guest guest = server.guest();
    guest.send("quit");
    guest.send("roomChange attic");
    server.settle();
    assertThat(EngineInside.rooms(server.earshot).shards().getFirst().roomCount()).isZero();
  }

  @Test
  void who_quits_hears_before_it_what_was_told_in_every_room_it_listens_to() {
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
