package io.earshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.House.Guest;
import io.earshot.House.Lines;
import io.earshot.protocol.Json;
import io.earshot.spi.Ending;
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

  private static List<Guest> guests(House house, int count, String room) {
    List<Guest> guests = Stream.generate(house::guest).limit(count).toList();
    guests.forEach(guest -> guest.ask("roomChange " + room));
    guests.forEach(Guest::hear);
    return guests;
  }

  @Test
  void who_enters_a_room_anew_hears_all_of_its_first_batch() {
    var house = new House(1, House.quiet());
    Guest first = house.guest();
    Guest returner = house.guest();
    Guest speaker = house.guest();
    first.ask("roomChange attic");
    first.send("say " + "z".repeat(300));
    returner.send("roomChange attic"); // in the middle of the first batch
    house.settle();
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
    var house = new House(1, House.quiet());
    Guest speaker = house.guest();
    Guest slow = house.guest();
    house.settle();
    slow.pending = TOO_MUCH;
    speaker.send("say x");
    slow.send("roomChange attic");
    house.settle();
    assertThat(slow.finished).isTrue();
    assertThat(house.earshot.api().connections()).containsExactly(speaker.connection());
    assertThat(house.earshot.rooms().shards().getFirst().roomIfAny("attic")).isNull();
  }

  @Test
  void many_who_are_cut_off_at_once_change_nothing_for_the_others() {
    var house = new House();
    Guest other = house.guest();
    List<Guest> guests = guests(house, 202, LONG_NAME);
    Guest speaker = guests.get(0);
    Guest hearer = guests.get(1);
    guests.subList(2, 202).forEach(slow -> slow.pending = TOO_MUCH);
    Guest witness = house.guest();
    other.hear();
    speaker.ask("say first");
    assertThat(hearer.heard()).startsWith("first").hasSize(201);
    witness.ask("say hello");
    assertThat(other.heard()).containsExactly("hello");
  }

  @Test
  void a_write_that_fails_costs_that_connection_and_no_other() {
    var house = new House(1, House.quiet());
    Guest before = house.guest();
    Guest broken = house.guest();
    Guest after = house.guest();
    Guest speaker = house.guest();
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
    var house = new House();
    Guest there = house.guest();
    Guest slow = house.guest();
    there.ask("roomChange attic");
    there.hear();
    slow.pending = TOO_MUCH;
    slow.send("roomChange attic");
    assertThat(there.heard()).containsExactly("I have entered the room", "I have left the room");
  }

  @Test
  void a_cut_off_in_the_middle_of_a_fan_out_is_in_the_same_place_for_every_wire() {
    var house = new House();
    Guest two = house.guest(0, Lines.TWO);
    Guest one = house.guest(0, Lines.ONE);
    Guest slow = house.guest(0, Lines.ONE);
    Guest speaker = house.guest(0, Lines.ONE);
    Stream.of(one, two, slow, speaker).forEach(Guest::hear);
    slow.pending = TOO_MUCH;
    speaker.ask("say " + "M".repeat(63_000));
    assertThat(one.heard()).hasSize(2).isEqualTo(two.heard());
  }

  @Test
  void what_was_answered_ok_is_heard_before_any_goodbye() {
    var house = new House(2, House.quiet());
    Guest speaker = house.guest(0, Lines.ONE);
    List<Guest> hearers = List.of(house.guest(0, Lines.ONE), house.guest(1, Lines.TWO));
    Guest quitter = house.guest(0, Lines.ONE);
    Stream.of(speaker, quitter).forEach(Guest::hear);
    hearers.forEach(Guest::hear);
    house.earshot.dismissAll();
    speaker.send("say last");
    quitter.send("quit");
    house.settle();
    for (Guest hearer : hearers) {
      assertThat(hearer.lines).hasSize(3);
      assertThat(hearer.lines.get(0)).contains("\"message\":\"last\"");
      assertThat(hearer.lines.get(1)).contains("server shutdown");
    }
    assertThat(quitter.lines.getFirst()).contains("\"message\":\"last\"");
    assertThat(quitter.lines.get(1)).contains("Bye!", "\"messageCount\":1");
  }

  @Test
  void what_was_asked_before_a_close_is_done_before_it() {
    for (int loop = 0; loop < 2; loop++) {
      var house = new House(2, House.quiet());
      Guest hearer = house.guest();
      hearer.ask("roomChange attic");
      hearer.hear();
      Guest closer = house.guest(loop, Lines.ONE);
      closer.send("roomChange attic");
      closer.send("say hello");
      closer.loop.run(() -> closer.intake.inputEnded(new Ending(1000, "")));
      assertThat(hearer.heard()).containsExactly("hello");
    }
  }

  @Test
  void what_cannot_be_said_as_json_is_refused_where_it_is_said() {
    var house = new House();
    Object deep =
        IntStream.range(0, 600)
            .boxed()
            .reduce((Object) "x", (inner, _) -> List.of(inner), (a, _) -> a);
    assertThatThrownBy(() -> house.earshot.api().chatRoom().socketRoomBroadcast(null, deep))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Json.Num("1\n2")).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void nobody_speaks_for_a_connection_that_is_gone() {
    var house = new House(1, House.quiet());
    Guest gone = house.guest();
    Guest hearer = house.guest();
    hearer.hear();
    gone.loop.run(gone.intake::gone);
    var told =
        house
            .earshot
            .api()
            .chatRoom()
            .socketRoomBroadcast(gone.connection(), "x")
            .toCompletableFuture();
    assertThat(hearer.heard()).isEmpty();
    assertThat(told).isCompletedExceptionally();
  }

  @Test
  void messages_for_some_do_not_reach_who_came_after_them() {
    var house = new House(1, House.quiet());
    Guest speaker = house.guest();
    Guest comer = house.guest();
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
    var house = new House();
    Guest guest = house.guest();
    guest.ask("listenToRoom attic");
    guest.ask("listenToRoom cellar");
    guest.loop.run(guest.intake::gone);
    house.settle();
    assertThat(house.earshot.rooms().shards().getFirst().roomCount()).isZero();
  }

  @Test
  void who_is_sent_away_and_keeps_talking_is_sent_away_all_the_same() {
    var house = new House(2, House.quiet());
    for (int loop = 0; loop < 2; loop++) {
      Guest talker = house.guest(loop, Lines.ONE);
      house.settle();
      talker.connection().close("enough");
      for (int i = 0; i < 100 && !talker.finished; i++) {
        talker.send("say " + i);
        house.loops.forEach(ManualLoop::runOne);
      }
      assertThat(talker.finished).isTrue();
      assertThat(talker.lines).noneMatch(line -> line.contains("shutting down"));
    }
  }

  @Test
  void what_is_asked_after_quit_is_not_done() {
    var house = new House(1, House.quiet());
    Guest guest = house.guest();
    guest.send("quit");
    guest.send("roomChange attic");
    house.settle();
    assertThat(house.earshot.rooms().shards().getFirst().roomCount()).isZero();
  }

  @Test
  void who_quits_hears_before_it_what_was_told_in_every_room_it_listens_to() {
    var house = new House(2, House.quiet());
    List<String> rooms = List.of("defaultRoom", "attic", "cellar", "roof", "hall");
    List<Guest> speakers = rooms.stream().map(room -> guests(house, 1, room).getFirst()).toList();
    Guest quitter = house.guest(1, Lines.TWO);
    rooms.forEach(room -> quitter.ask("listenToRoom " + room));
    quitter.hear();
    speakers.forEach(speaker -> speaker.send("say last"));
    house.settle();
    speakers.forEach(speaker -> speaker.send("say later"));
    quitter.send("quit");
    List<String> lines = quitter.hear();
    int bye =
        lines.indexOf(
            lines.stream().filter(line -> line.contains("Bye!")).findFirst().orElseThrow());
    assertThat(House.texts(lines.subList(0, bye))).filteredOn("last"::equals).hasSize(5);
    assertThat(House.texts(lines.subList(bye, lines.size()))).isEmpty();
  }
}
