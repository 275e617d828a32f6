package io.earshot.testing;

import static io.earshot.testing.BrokerPeer.get;
import static io.earshot.testing.BrokerPeer.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Announcement;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.User;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Entries;
import io.earshot.spi.Broker.Entry;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.Broker.Tally;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
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
              new Present("zoe", each == a, null),
              new Present("adam", each == b, null),
              new Present("10 1.0", each == a, null),
              new Present("", each == b, null));
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
    assertThat(get(a.broker().members(ROOM)).getFirst()).isEqualTo(new Present("x", true, null));
    Moved taken = b.enter(ROOM, "x", true);
    assertThat(taken).isNotNull();
    assertThat(taken.isAnnounced()).isFalse();
    assertThat(taken.place().offset()).isEqualTo(2);
    assertThat(get(b.broker().members(ROOM)))
        .containsExactly(new Present("x", true, null), new Present("y", false, null));
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
  default void the_tally_of_a_servers_entries_follows_each_change() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    assertEntries(a);
    a.enter(ROOM, "zoe");
    a.enter(ROOM, "\u00e4 \u20ac \ud834\udd1e");
    a.enter(ROOM, "");
    b.enter(ROOM, "adam");
    a.enter(ROOM, "zoe");
    assertEntries(a, "zoe", "\u00e4 \u20ac \ud834\udd1e", "");
    assertEntries(b, "adam");
    b.enter(ROOM, "zoe", true);
    a.enter(ROOM, "adam", false);
    a.leave(ROOM, "adam");
    a.leave(ROOM, "");
    a.leave(ROOM, "");
    assertEntries(a, "\u00e4 \u20ac \ud834\udd1e");
    assertEntries(b, "adam", "zoe");
    b.leave(ROOM, "zoe");
    b.leave(ROOM, "adam");
    assertEntries(b);
    a.leave(ROOM, "\u00e4 \u20ac \ud834\udd1e");
    assertEntries(a);
    for (int i = 0; i < 300; i++) {
      b.broker().enter(ROOM, "m" + i * i, b.post("hi"), 0, b.terms(ROOM), false);
    }
    assertEntries(
        b, IntStream.range(0, 300).mapToObj(i -> "m" + i * i).toList().toArray(String[]::new));
  }

  private static void assertEntries(BrokerPeer peer, String... ids) {
    Broker broker = peer.broker();
    Tally tally = get(broker.tally(ROOM));
    assertThat(tally.count()).isEqualTo(ids.length);
    assertThat(tally.sum())
        .isEqualTo(Arrays.stream(ids).mapToLong(id -> Tally.digest(id, null)).sum() % (1L << 32));
    assertThat(tally.owner()).isEqualTo(broker.owner());
    assertThat(tally.end()).isEqualTo(get(broker.end(ROOM)));
    Entries entries = get(broker.entries(ROOM));
    assertThat(entries.members()).extracting(Entry::id).containsExactlyInAnyOrder(ids);
    assertThat(entries.owner()).isEqualTo(broker.owner());
  }

  @Test
  default void of_a_user_the_first_join_and_the_last_leave_are_announced() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    User ada = User.of("ada \u00e4", "Ada L.", Map.of("x", Json.of("\n 1 \"")));
    User bob = User.of("bob", null, Map.of());
    a.open(ROOM);
    assertThat(a.enter(ROOM, "1", ada, false)).matches(Moved::isAnnounced);
    assertThat(b.enter(ROOM, "2", ada, false)).matches(moved -> !moved.isAnnounced());
    assertThat(b.enter(ROOM, "3", bob, false)).matches(Moved::isAnnounced);
    assertThat(b.enter(ROOM, "4", null, false)).matches(Moved::isAnnounced);
    for (BrokerPeer each : List.of(a, b)) {
      assertThat(get(each.broker().members(ROOM)))
          .containsExactly(
              new Present("1", each == a, ada),
              new Present("2", each == b, ada),
              new Present("3", each == b, bob),
              new Present("4", each == b, null));
    }
    assertListed(a, new Entry("1", ada));
    assertListed(b, new Entry("2", ada), new Entry("3", bob), new Entry("4", null));
    // A takeover announces nothing, and changes no count.
    assertThat(a.enter(ROOM, "2", ada, true)).matches(moved -> !moved.isAnnounced());
    assertListed(a, new Entry("1", ada), new Entry("2", ada));
    assertThat(a.leave(ROOM, "1", ada).isAnnounced()).isFalse();
    assertThat(a.leave(ROOM, "1", ada).isAnnounced()).isFalse();
    assertThat(a.leave(ROOM, "2", ada).isAnnounced()).isTrue();
    assertThat(b.leave(ROOM, "3", bob).isAnnounced()).isTrue();
    assertThat(b.leave(ROOM, "4", null).isAnnounced()).isTrue();
    assertThat(a.enter(ROOM, "1", ada, false)).matches(Moved::isAnnounced);
    assertThat(a.awaitTold(ROOM, 7))
        .hasSize(7)
        .allMatch(each -> each.post().announcement() != null);
    assertThat(a.told(ROOM))
        .extracting(each -> each.post().user())
        .containsExactly(ada, bob, null, ada, bob, null, ada);
  }

  @Test
  default void an_entry_follows_the_user_of_its_member() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    User ada = User.of("ada", "Ada", Map.of());
    User renamed = User.of("ada", "Countess", Map.of());
    User bob = User.of("bob", null, Map.of());
    a.open(ROOM);
    a.enter(ROOM, "1", null, false);
    b.enter(ROOM, "2", ada, false);
    // A member stays the user's that it was.
    assertThat(a.enter(ROOM, "1", ada, false)).matches(moved -> !moved.isAnnounced());
    assertListed(a, new Entry("1", null));
    assertThat(a.leave(ROOM, "1", ada).isAnnounced()).isFalse();
    assertListed(a, new Entry("1", null));
    assertThat(a.leave(ROOM, "1", null).isAnnounced()).isTrue();
    assertThat(a.enter(ROOM, "1", ada, false)).matches(moved -> !moved.isAnnounced());
    assertThat(a.enter(ROOM, "1", renamed, false)).matches(moved -> !moved.isAnnounced());
    assertThat(get(b.broker().members(ROOM)).getLast().user()).isEqualTo(renamed);
    // Unless another server takes it over.
    assertThat(b.enter(ROOM, "1", bob, true)).matches(Moved::isAnnounced);
    assertListed(a);
    assertListed(b, new Entry("2", ada), new Entry("1", bob));
    assertThat(b.leave(ROOM, "2", ada).isAnnounced()).isTrue();
    assertThat(a.enter(ROOM, "3", bob, false)).matches(moved -> !moved.isAnnounced());
  }

  @Test
  default void a_long_list_of_users_is_counted_right() {
    BrokerPeer a = peer();
    var entries = new ArrayList<Entry>();
    for (int i = 0; i < 120; i++) {
      User user = i % 4 == 3 ? null : User.of("u" + i % 4, "U", Map.of());
      entries.add(new Entry("m" + i, user));
      a.broker()
          .enter(
              ROOM,
              "m" + i,
              Post.announcing(Announcement.JOIN, "m" + i, user, 0, a.post("").origin()),
              0,
              a.terms(ROOM),
              false);
    }
    assertListed(a, entries.toArray(Entry[]::new));
    for (int i = 0; i < 119; i++) {
      User user = entries.get(i).user();
      boolean isLast = user == null || i >= 116;
      assertThat(a.leave(ROOM, "m" + i, user).isAnnounced())
          .as("leave of m%d", i)
          .isEqualTo(isLast);
    }
  }

  private static void assertListed(BrokerPeer peer, Entry... expected) {
    Tally tally = get(peer.broker().tally(ROOM));
    assertThat(tally.count()).isEqualTo(expected.length);
    assertThat(tally.sum())
        .isEqualTo(
            Arrays.stream(expected).mapToLong(each -> Tally.digest(each.id(), each.user())).sum()
                % (1L << 32));
    assertThat(get(peer.broker().entries(ROOM)).members()).containsExactlyInAnyOrder(expected);
    assertThat(get(peer.broker().tally(ROOM))).isEqualTo(tally);
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
      stages.add(broker.publish(ROOM, a.post("say " + i), a.terms(ROOM), null, 0));
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
