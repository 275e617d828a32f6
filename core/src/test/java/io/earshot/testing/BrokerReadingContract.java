package io.earshot.testing;

import static io.earshot.testing.BrokerFixture.end;
import static io.earshot.testing.BrokerFixture.offsets;
import static io.earshot.testing.BrokerFixture.upTo;
import static io.earshot.testing.BrokerPeer.get;
import static io.earshot.testing.BrokerPeer.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker.Known;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Stretch;
import io.earshot.spi.Broker.Terms;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What servers may rely on: a room that is opened gives the posts that a server misses. */
interface BrokerReadingContract extends BrokerFixture {

  @Test
  default void opening_a_room_reads_its_posts_and_then_later_posts_arrive() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    Cursor last = null;
    for (int i = 1; i <= 5; i++) {
      last = a.say(ROOM, String.valueOf(i));
    }
    Stretch stretch = b.open(ROOM);
    assertThat(stretch.end()).isEqualTo(last);
    assertThat(offsets(stretch.posts())).isEqualTo(upTo(5));
    assertThat(texts(stretch.posts())).containsExactly("1", "2", "3", "4", "5");
    a.say(ROOM, "6");
    assertThat(b.awaitHeard(ROOM, "6")).containsExactly("6");
  }

  @Test
  default void no_post_is_missing_between_those_read_and_those_that_arrive() throws Exception {
    BrokerPeer a = peer();
    int opens = 10;
    int batch = 20;
    int count = 2 * opens * batch;
    var mayPost = new Semaphore(0);
    Thread sender =
        Thread.startVirtualThread(
            () -> {
              for (int i = 0; i < count; i++) {
                mayPost.acquireUninterruptibly();
                a.say(ROOM, String.valueOf(i));
              }
            });
    for (int i = 0; i < opens; i++) {
      BrokerPeer b = i % 5 == 0 ? peer() : peers().getLast();
      mayPost.release(batch);
      Stretch stretch = b.open(ROOM);
      mayPost.release(batch);
      long end = end(stretch).offset();
      assertThat(offsets(stretch.posts())).isEqualTo(upTo(end));
      // The posts that arrive may begin earlier, but the next one is among them.
      Await.until("the post after " + end, () -> offsets(b.told(ROOM)).contains(end + 1));
    }
    sender.join();
    for (BrokerPeer peer : peers().subList(1, peers().size())) {
      Await.until("the last post", () -> offsets(peer.told(ROOM)).contains((long) count));
      List<Long> heard = offsets(peer.told(ROOM));
      assertThat(heard).isEqualTo(LongStream.rangeClosed(heard.getFirst(), count).boxed().toList());
    }
  }

  @Test
  default void opening_after_a_cursor_reads_exactly_the_posts_after_it() {
    BrokerPeer a = peer();
    List<Cursor> places = say(a, 10);
    for (int known = 0; known <= 10; known++) {
      Cursor cursor = new Cursor(places.getFirst().epoch(), known);
      Stretch stretch = a.open(ROOM, cursor, null, 1_000);
      assertThat(stretch.end()).isEqualTo(places.getLast());
      assertThat(stretch.posts().stream().map(Placed::place))
          .isEqualTo(places.subList(known, places.size()));
    }
  }

  private static List<Cursor> say(BrokerPeer peer, int count) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(i -> peer.say(ROOM, String.valueOf(i)))
        .toList();
  }

  @Test
  default void opening_with_a_limit_reads_the_last_posts_or_the_next_after_a_cursor() {
    BrokerPeer a = peer();
    List<Cursor> places = say(a, 10);
    assertThat(a.open(ROOM, null, null, 0).posts()).isEmpty();
    Stretch last = a.open(ROOM, null, null, 3);
    assertThat(last.end()).isEqualTo(places.getLast());
    assertThat(texts(last.posts())).containsExactly("8", "9", "10");
    Cursor known = new Cursor(places.getFirst().epoch(), 0);
    Post.Origin origin = null;
    var got = new ArrayList<String>();
    for (int i = 0; i < 4; i++) {
      Stretch chunk = a.open(ROOM, known, origin, 3);
      assertThat(chunk.end()).isEqualTo(places.getLast());
      assertThat(chunk.posts()).hasSizeLessThanOrEqualTo(3);
      got.addAll(texts(chunk.posts()));
      known = chunk.posts().getLast().place();
      origin = chunk.posts().getLast().post().origin();
    }
    assertThat(got).containsExactly("1", "2", "3", "4", "5", "6", "7", "8", "9", "10");
    assertThat(a.open(ROOM, known, origin, 3).posts()).isEmpty();
  }

  @Test
  default void opening_after_a_cursor_of_another_epoch_reads_the_last_posts() {
    BrokerPeer a = peer();
    List<Cursor> places = say(a, 10);
    Stretch stretch = a.open(ROOM, new Cursor("other", 4), new Post.Origin("x", 1), 3);
    assertThat(stretch.end()).isEqualTo(places.getLast());
    assertThat(texts(stretch.posts())).containsExactly("8", "9", "10");
    stretch = a.open(ROOM, new Cursor("other", 99), null, 1_000);
    assertThat(stretch.end()).isEqualTo(places.getLast());
    assertThat(stretch.posts()).hasSize(10);
    assertThat(a.say(ROOM, "11")).isEqualTo(new Cursor(places.getFirst().epoch(), 11));
  }

  @Test
  default void a_room_that_ends_before_the_known_cursor_begins_a_new_epoch_when_it_is_opened() {
    BrokerPeer a = peer();
    List<Cursor> places = say(a, 3);
    String epoch = places.getFirst().epoch();
    Stretch stretch = a.open(ROOM, new Cursor(epoch, 4), null, 1_000);
    assertThat(end(stretch).epoch()).isNotEqualTo(epoch);
    assertThat(texts(stretch.posts())).containsExactly("1", "2", "3");
    assertThat(stretch.posts().getLast().place()).isEqualTo(stretch.end());
    // The new epoch holds for all servers, and begins once.
    assertThat(peer().open(ROOM).end()).isEqualTo(stretch.end());
    assertThat(a.open(ROOM, new Cursor(epoch, 5), null, 1_000).end()).isEqualTo(stretch.end());
    Cursor next = a.say(ROOM, "4");
    assertThat(next).isEqualTo(new Cursor(end(stretch).epoch(), end(stretch).offset() + 1));
    assertThat(a.awaitTold(ROOM, 1).getFirst().place()).isEqualTo(next);
  }

  @Test
  default void a_room_that_ends_before_the_known_cursor_begins_a_new_epoch_at_the_next_post() {
    BrokerPeer a = peer();
    String epoch = say(a, 3).getFirst().epoch();
    Cursor ahead = new Cursor(epoch, 4);
    Cursor place = get(a.broker().publish(ROOM, a.post("4"), a.knowing(ahead), null, 0));
    assertThat(place).isNotNull();
    assertThat(place.epoch()).isNotEqualTo(epoch);
    assertThat(get(a.broker().end(ROOM))).isEqualTo(place);
    // A cursor at the end, or of another epoch, changes nothing.
    for (Cursor known : List.of(place, new Cursor("other", 99), ahead)) {
      Cursor next = get(a.broker().publish(ROOM, a.post("x"), a.knowing(known), null, 0));
      assertThat(next).isNotNull();
      assertThat(next.epoch()).isEqualTo(place.epoch());
    }
  }

  @Test
  default void a_room_with_another_post_at_the_known_cursor_begins_a_new_epoch() {
    BrokerPeer a = peer();
    List<Cursor> places = say(a, 3);
    List<Placed> posts = a.open(ROOM).posts();
    String epoch = places.getFirst().epoch();
    Post.Origin second = posts.get(1).post().origin();
    Stretch same = a.open(ROOM, places.get(1), second, 1_000);
    assertThat(same.end()).isEqualTo(places.getLast());
    assertThat(texts(same.posts())).containsExactly("3");
    Stretch unlike = a.open(ROOM, places.get(2), second, 1_000);
    assertThat(end(unlike).epoch()).isNotEqualTo(epoch);
    assertThat(texts(unlike.posts())).containsExactly("1", "2", "3");
    assertThat(a.say(ROOM, "4").epoch()).isEqualTo(end(unlike).epoch());
  }

  @Test
  default void a_server_that_opens_a_room_before_it_exists_receives_its_first_post() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    Known nothing = new Known(null, null);
    Stretch stretch = get(b.broker().open(ROOM, nothing, 10, b.terms(ROOM), false));
    assertThat(stretch.end()).isNull();
    assertThat(stretch.posts()).isEmpty();
    assertThat(get(a.broker().end(ROOM))).isNull();
    Cursor place = a.say(ROOM, "first");
    assertThat(place.offset()).isEqualTo(1);
    assertThat(b.awaitTold(ROOM, 1).getFirst().place()).isEqualTo(place);
  }

  @Test
  default void a_room_keeps_at_least_the_required_number_of_posts() {
    BrokerPeer a = peer();
    for (int i = 1; i <= 30; i++) {
      Terms few = new Terms(5, WINDOW, null, "few");
      assertThat(get(a.broker().publish(ROOM, a.post("" + i), few, null, 0))).isNotNull();
    }
    List<Long> offsets = offsets(a.open(ROOM).posts());
    assertThat(offsets).hasSizeBetween(5, 30);
    assertThat(offsets).isEqualTo(LongStream.rangeClosed(offsets.getFirst(), 30).boxed().toList());
  }

  @Test
  default void the_end_of_a_room_is_the_place_of_its_last_post() {
    BrokerPeer a = peer();
    assertThat(get(a.broker().end(ROOM))).isNull();
    Stretch opened = a.open(ROOM);
    assertThat(end(opened).offset()).isZero();
    assertThat(get(a.broker().end(ROOM))).isEqualTo(opened.end());
    Cursor place = a.say(ROOM, "1");
    assertThat(place.epoch()).isEqualTo(end(opened).epoch());
    assertThat(get(peer().broker().end(ROOM))).isEqualTo(place);
    assertThat(get(a.broker().end("other"))).isNull();
  }

  @Test
  default void a_server_that_closes_and_opens_a_room_stays_connected() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    for (int i = 1; i <= 50; i++) {
      a.open(ROOM);
      a.broker().close(ROOM);
    }
    long end = end(a.open(ROOM)).offset();
    b.say(ROOM, "heard");
    assertThat(a.awaitHeard(ROOM, "heard")).hasSize((int) end + 1);
    assertThat(a.connections()).isEqualTo(1);
  }

  @Test
  default void a_server_receives_no_posts_of_a_room_from_closing_until_it_opens_it_again() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    a.open(ROOM);
    b.open(ROOM);
    a.say(ROOM, "before");
    b.awaitTold(ROOM, 1);
    b.broker().close(ROOM);
    b.broker().close("never opened");
    // At once or soon after: posts on their way may still arrive.
    var silent = new AtomicInteger();
    Await.until(
        "10 posts in a row that do not arrive",
        () -> {
          int heard = b.told(ROOM).size();
          a.say(ROOM, "while it is closed");
          a.awaitTold(ROOM, a.told(ROOM).size());
          silent.set(b.told(ROOM).size() == heard ? silent.get() + 1 : 0);
          return silent.get() == 10;
        });
    Stretch stretch = b.open(ROOM);
    assertThat(stretch.posts()).hasSizeGreaterThanOrEqualTo(11);
    a.say(ROOM, "after");
    b.awaitHeard(ROOM, "after");
  }
}
