package io.earshot.testing;

import static io.earshot.testing.BrokerPeer.get;
import static io.earshot.testing.BrokerPeer.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Present;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What servers may rely on: each room has one list of members. */
interface BrokerMembersContract extends BrokerFixture {

  @Test
  default void a_join_is_announced_once_and_members_are_listed_in_the_order_of_joining() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    a.open(ROOM);
    Moved first = a.enter(ROOM, "zoe");
    assertThat(first.isAnnounced()).isTrue();
    assertThat(first.place().offset()).isEqualTo(1);
    assertThat(b.enter(ROOM, "adam").place().offset()).isEqualTo(2);
    assertThat(a.enter(ROOM, "10 1.0").isAnnounced()).isTrue();
    Moved again = a.enter(ROOM, "zoe");
    assertThat(again.isAnnounced()).isFalse();
    assertThat(again.place()).isEqualTo(new Cursor(first.place().epoch(), 3));
    assertThat(b.enter(ROOM, "").isAnnounced()).isTrue();
    assertThat(a.awaitHeard(ROOM, "hi ")).containsExactly("hi zoe", "hi adam", "hi 10 1.0", "hi ");
    for (BrokerPeer each : List.of(a, b)) {
      assertThat(get(each.broker().members(ROOM)))
          .containsExactly(
              new Present("zoe", a.name(), each == a),
              new Present("adam", b.name(), each == b),
              new Present("10 1.0", a.name(), each == a),
              new Present("", b.name(), each == b));
    }
    assertThat(get(a.broker().members("other"))).isEmpty();
  }

  @Test
  default void a_long_member_list_keeps_its_order() {
    BrokerPeer a = peer();
    List<String> ids = IntStream.range(0, 700).mapToObj(i -> "m" + (i * 7 % 1_000)).toList();
    var moves =
        ids.stream()
            .map(id -> a.broker().enter(ROOM, id, a.post(id), 0, a.terms(ROOM), false))
            .toList();
    moves.forEach(BrokerPeer::get);
    assertThat(a.members(ROOM)).isEqualTo(ids);
  }

  @Test
  default void joins_and_leaves_are_not_announced_in_a_large_room() {
    BrokerPeer a = peer();
    a.open(ROOM);
    assertThat(enterUpTo(a, "one", 0).isAnnounced()).isFalse();
    assertThat(enterUpTo(a, "two", 2).isAnnounced()).isTrue();
    Moved third = enterUpTo(a, "three", 2);
    assertThat(third.isAnnounced()).isFalse();
    assertThat(third.place().offset()).isEqualTo(1);
    assertThat(leaveUpTo(a, "one", 2).isAnnounced()).isFalse();
    assertThat(leaveUpTo(a, "two", 2).isAnnounced()).isTrue();
    assertThat(leaveUpTo(a, "three", 0).isAnnounced()).isFalse();
    a.say(ROOM, "end");
    assertThat(a.awaitHeard(ROOM, "end")).containsExactly("hi two", "bye two", "end");
  }

  private static Moved enterUpTo(BrokerPeer peer, String id, int upTo) {
    Post post = peer.post("hi " + id);
    Moved moved = get(peer.broker().enter(ROOM, id, post, upTo, peer.terms(ROOM), false));
    return Objects.requireNonNull(moved);
  }

  private static Moved leaveUpTo(BrokerPeer peer, String id, int upTo) {
    Post post = peer.post("bye " + id);
    return get(peer.broker().leave(ROOM, id, post, upTo, peer.terms(ROOM)));
  }

  @Test
  default void a_member_of_another_server_enters_only_by_take_over() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    a.open(ROOM);
    a.enter(ROOM, "x");
    a.enter(ROOM, "y");
    assertThat(b.enter(ROOM, "x", false)).isNull();
    assertThat(get(a.broker().members(ROOM)).getFirst().peer()).isEqualTo(a.name());
    Moved taken = b.enter(ROOM, "x", true);
    assertThat(taken).isNotNull();
    assertThat(taken.isAnnounced()).isFalse();
    assertThat(taken.place().offset()).isEqualTo(2);
    assertThat(get(b.broker().members(ROOM)))
        .containsExactly(new Present("x", b.name(), true), new Present("y", a.name(), false));
    // The server that had the member before can no longer change its entry.
    assertThat(a.leave(ROOM, "x").isAnnounced()).isFalse();
    assertThat(a.enter(ROOM, "x", false)).isNull();
    assertThat(a.members(ROOM)).containsExactly("x", "y");
    assertThat(b.leave(ROOM, "x").isAnnounced()).isTrue();
    assertThat(a.awaitHeard(ROOM, "bye x")).containsExactly("hi x", "hi y", "bye x");
  }

  @Test
  default void a_leave_is_announced_once_and_a_member_that_returns_is_listed_last() {
    BrokerPeer a = peer();
    a.open(ROOM);
    a.enter(ROOM, "x");
    a.enter(ROOM, "y");
    Moved left = a.leave(ROOM, "x");
    assertThat(left.isAnnounced()).isTrue();
    assertThat(left.place().offset()).isEqualTo(3);
    Moved again = a.leave(ROOM, "x");
    assertThat(again.isAnnounced()).isFalse();
    assertThat(again.place()).isEqualTo(left.place());
    assertThat(a.enter(ROOM, "x").isAnnounced()).isTrue();
    assertThat(a.members(ROOM)).containsExactly("y", "x");
    assertThat(a.awaitTold(ROOM, 4)).hasSize(4);
    assertThat(a.heard(ROOM)).containsExactly("hi x", "hi y", "bye x", "hi x");
  }

  @Test
  default void the_leave_of_no_member_is_not_announced() {
    BrokerPeer a = peer();
    Moved left = a.leave(ROOM, "ghost");
    assertThat(left.isAnnounced()).isFalse();
    assertThat(left.place().offset()).isZero();
    assertThat(a.say(ROOM, "1")).isEqualTo(new Cursor(left.place().epoch(), 1));
    assertThat(a.leave(ROOM, "ghost").place().offset()).isEqualTo(1);
    assertThat(a.members(ROOM)).isEmpty();
  }

  @Test
  default void requests_for_one_room_are_done_in_the_order_in_which_they_were_made() {
    BrokerPeer a = peer();
    Broker broker = a.broker();
    var stages = new ArrayList<CompletionStage<?>>();
    for (int i = 0; i < 50; i++) {
      stages.add(broker.enter(ROOM, "x", a.post("in " + i), 9, a.terms(ROOM), false));
      stages.add(broker.publish(ROOM, a.post("say " + i), a.terms(ROOM), null, 0, false));
      stages.add(broker.leave(ROOM, "x", a.post("out " + i), 9, a.terms(ROOM)));
    }
    stages.forEach(BrokerPeer::get);
    assertThat(texts(a.open(ROOM).posts()))
        .isEqualTo(
            IntStream.range(0, 50)
                .boxed()
                .flatMap(i -> List.of("in " + i, "say " + i, "out " + i).stream())
                .toList());
  }
}
