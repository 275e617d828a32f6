package io.earshot.testing;

import static io.earshot.testing.BrokerPeer.get;
import static io.earshot.testing.BrokerPeer.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Known;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.Broker.Stretch;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.BrokerException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What servers may rely on, whatever is behind their brokers. */
@Timeout(60)
public abstract class BrokerContract {
  private static final String ROOM = "room";
  private static final long WINDOW = 60_000;
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final List<BrokerPeer> peers = new ArrayList<>();

  /** For a class that says what is behind the brokers. */
  protected BrokerContract() {}

  /**
   * One more broker; those of one test meet, and meet none of another.
   *
   * @return a broker that has not started
   */
  protected abstract Broker broker();

  @AfterEach
  void says_goodbye() {
    // All of them at once, since who waits for the others to go waits long.
    CompletableFuture.allOf(
            peers.stream()
                .map(peer -> CompletableFuture.runAsync(peer::close))
                .toArray(CompletableFuture<?>[]::new))
        .join();
    assertThat(peers).noneMatch(BrokerPeer::wasToldAtOnce);
  }

  private BrokerPeer peer() {
    var peer = new BrokerPeer("peer-" + NAMES.incrementAndGet(), broker());
    peers.add(peer);
    peer.start().awaitConnected(1);
    return peer;
  }

  /** Waits for what the broker learns by and by. */
  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited in vain").isLessThan(end);
      LockSupport.parkNanos(2_000_000);
    }
  }

  private static List<Long> offsets(List<Placed> posts) {
    return posts.stream().map(placed -> placed.place().offset()).toList();
  }

  private static List<Long> upTo(long last) {
    return LongStream.rangeClosed(1, last).boxed().toList();
  }

  private static Cursor end(Stretch stretch) {
    return Objects.requireNonNull(stretch.end());
  }

  // --- the order -------------------------------------------------------------------------------

  @Test
  void each_room_counts_its_messages_from_one() {
    BrokerPeer a = peer();
    Cursor first = a.say(ROOM, "1");
    assertThat(first.offset()).isEqualTo(1);
    assertThat(a.say("other", "1").offset()).isEqualTo(1);
    for (int i = 2; i <= 20; i++) {
      assertThat(a.say(ROOM, "x")).isEqualTo(new Cursor(first.epoch(), i));
    }
    assertThat(a.say("other", "2").offset()).isEqualTo(2);
  }

  @Test
  void all_who_opened_hear_what_is_told_in_order_the_speaker_included() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    a.open(ROOM);
    b.open(ROOM);
    var places = new ArrayList<Cursor>();
    for (int i = 1; i <= 50; i++) {
      places.add((i % 2 == 0 ? a : b).say(ROOM, String.valueOf(i)));
    }
    for (BrokerPeer each : List.of(a, b)) {
      List<Placed> told = each.awaitTold(ROOM, 50);
      assertThat(told.stream().map(Placed::place)).isEqualTo(places);
      assertThat(texts(told)).isEqualTo(upTo(50).stream().map(String::valueOf).toList());
    }
  }

  @Test
  void what_many_say_at_once_has_one_order_and_each_speaker_keeps_its_own() throws Exception {
    List<BrokerPeer> speakers = List.of(peer(), peer(), peer());
    speakers.forEach(peer -> peer.open(ROOM));
    int count = 100;
    var begin = new CountDownLatch(1);
    var threads = new ArrayList<Thread>();
    var places = new HashMap<String, CompletionStage<@Nullable Cursor>>();
    for (BrokerPeer speaker : speakers) {
      threads.add(
          Thread.startVirtualThread(
              () -> {
                try {
                  begin.await();
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
                for (int i = 0; i < count; i++) {
                  String text = speaker.name() + " " + i;
                  var place =
                      speaker
                          .broker()
                          .publish(ROOM, speaker.post(text), speaker.terms(ROOM), null, 0, false);
                  synchronized (places) {
                    places.put(text, place);
                  }
                }
              }));
    }
    begin.countDown();
    for (Thread thread : threads) {
      thread.join();
    }
    for (var place : places.values()) {
      assertThat(get(place)).isNotNull();
    }
    List<Placed> order = speakers.getFirst().awaitTold(ROOM, 3 * count);
    assertThat(offsets(order)).isEqualTo(upTo(3L * count));
    for (BrokerPeer speaker : speakers) {
      assertThat(speaker.awaitTold(ROOM, 3 * count)).isEqualTo(order);
      assertThat(texts(order).stream().filter(text -> text.startsWith(speaker.name() + " ")))
          .isEqualTo(IntStream.range(0, count).mapToObj(i -> speaker.name() + " " + i).toList());
    }
    for (Placed placed : order) {
      String text = Objects.requireNonNull(placed.post().message().asText());
      var place = places.get(text);
      assertThat(place).isNotNull();
      assertThat(place.toCompletableFuture().join()).isEqualTo(placed.place());
    }
  }

  @Test
  void what_was_told_twice_has_one_place() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    b.open(ROOM);
    Post first = a.post("first");
    Cursor place = a.say(ROOM, first);
    Cursor second = a.say(ROOM, "second");
    assertThat(a.say(ROOM, first)).isEqualTo(place);
    assertThat(a.say("other", first).offset()).isEqualTo(1);
    assertThat(a.say(ROOM, "third").offset()).isEqualTo(second.offset() + 1);
    assertThat(b.awaitHeard(ROOM, "third")).containsExactly("first", "second", "third");
    assertThat(texts(b.open(ROOM).posts())).containsExactly("first", "second", "third");
  }

  @Test
  void what_is_said_twice_under_one_key_is_told_once_whoever_says_it() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    b.open(ROOM);
    Cursor place = sayAs(a, ROOM, "one", "key");
    assertThat(place).isNotNull();
    assertThat(sayAs(a, ROOM, "again", "key")).isEqualTo(place);
    assertThat(sayAs(b, ROOM, "and again", "key")).isEqualTo(place);
    assertThat(sayAs(b, ROOM, "another", "Key")).isNotNull().isNotEqualTo(place);
    assertThat(sayAs(b, "peers", "the same key peers", "key")).isNotNull();
    assertThat(b.awaitHeard(ROOM, "another")).containsExactly("one", "another");
    assertThat(texts(b.open("peers").posts())).containsExactly("the same key peers");
  }

  private static @Nullable Cursor sayAs(BrokerPeer peer, String room, String text, String key) {
    return get(peer.broker().publish(room, peer.post(text), peer.terms(room), key, WINDOW, false));
  }

  @Test
  void what_is_only_for_rooms_that_are_there_gives_no_order_to_others() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    assertThat(sayIfThere(a, "nobody")).isNull();
    assertThat(get(a.broker().end(ROOM))).isNull();
    Cursor place = b.say(ROOM, "there it is");
    assertThat(sayIfThere(a, "somebody")).isEqualTo(new Cursor(place.epoch(), 2));
    assertThat(texts(b.open(ROOM).posts())).containsExactly("there it is", "somebody");
    b.open("opened");
    assertThat(get(a.broker().publish("opened", a.post("x"), a.terms(ROOM), null, 0, true)))
        .isNotNull();
  }

  private static @Nullable Cursor sayIfThere(BrokerPeer peer, String text) {
    return get(peer.broker().publish(ROOM, peer.post(text), peer.terms(ROOM), null, 0, true));
  }

  static List<String> names() {
    return List.of(
        "}",
        "{",
        "{}",
        "}{",
        "x{y}z",
        "%",
        "%7D",
        "%257D",
        "a b",
        "a+b",
        "a:head",
        "peers",
        "\"",
        "é",
        "👂🏽",
        "x".repeat(256),
        "👂".repeat(128),
        "}".repeat(256),
        "*",
        "?[a]",
        "\\",
        "web:1");
  }

  @Test
  void a_room_may_be_called_anything() {
    BrokerPeer a = peer();
    for (String name : names()) {
      assertThat(end(a.open(name)).offset()).as(name).isZero();
      assertThat(a.enter(name, name).isAnnounced()).as(name).isTrue();
      Cursor place = sayAs(a, name, name, name);
      assertThat(sayAs(a, name, name, name)).as(name).isEqualTo(place);
      assertThat(a.awaitTold(name, 2).getLast().place()).as(name).isEqualTo(place);
      assertThat(a.members(name)).containsExactly(name);
      assertThat(texts(a.open(name).posts())).containsExactly("hi " + name, name);
      assertThat(a.leave(name, name).isAnnounced()).as(name).isTrue();
      assertThat(get(a.broker().claim(name, Duration.ofSeconds(10)))).isEqualTo(a.name());
    }
  }

  @Test
  void rooms_of_names_that_are_alike_are_not_mixed_up() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    names().forEach(a::open);
    names().forEach(name -> b.say(name, "in " + name));
    for (String name : names()) {
      a.awaitTold(name, 1);
    }
    for (String name : names()) {
      assertThat(a.heard(name)).containsExactly("in " + name);
      assertThat(offsets(a.told(name))).containsExactly(1L);
    }
  }

  static List<Json> messages() {
    var fields = new LinkedHashMap<String, @Nullable Object>();
    fields.put("", null);
    fields.put("z", List.of(true, false, List.of(), Map.of()));
    fields.put("a", new Json.Num("1.50e+10"));
    return List.of(
        Json.of(""),
        Json.of("grüß\r\n\t\"\\\u0000\u2028👂 - {\"p\":1}"),
        Json.of("x".repeat(100_000)),
        Json.from(null),
        Json.of(true),
        Json.of(0),
        new Json.Num("-0.0"),
        new Json.Num("123456789012345678901234567890"),
        Json.from(List.of()),
        Json.from(fields),
        nested(64));
  }

  private static Json nested(int depth) {
    Json json = Json.of("deep");
    for (int i = 0; i < depth; i++) {
      json = Json.from(List.of(json));
    }
    return json;
  }

  @Test
  void a_post_comes_as_it_was_sent() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    b.open(ROOM);
    var posts = new ArrayList<Post>();
    for (Json message : messages()) {
      posts.add(a.post(message));
    }
    posts.add(with(a.post("x"), Json.of("speaker"), "speaker", false, null));
    posts.add(with(a.post("x"), Json.of("stranger"), "stranger", true, null));
    posts.add(with(a.post("x"), Json.from(fields("id", 7)), "7 8", false, null));
    posts.add(with(a.post("x"), Json.of(""), null, false, new Audience("id", "somebody")));
    posts.add(with(a.post("x"), Json.of(""), "", true, new Audience("", "")));
    posts.add(with(a.post("x"), Json.of(""), null, false, new Audience("team", null)));
    posts.forEach(post -> a.say(ROOM, post));
    assertThat(b.awaitTold(ROOM, posts.size()).stream().map(Placed::post)).isEqualTo(posts);
    assertThat(a.open(ROOM).posts().stream().map(Placed::post)).isEqualTo(posts);
  }

  private static Map<String, Object> fields(String name, Object value) {
    return Map.of(name, value);
  }

  private static Post with(
      Post post, Json from, @Nullable String except, boolean strange, @Nullable Audience audience) {
    return new Post(
        post.message(), from, post.sentAt() + 1, except, strange, audience, post.origin());
  }

  // --- opening ---------------------------------------------------------------------------------

  @Test
  void who_opens_gets_what_was_told_and_hears_what_is() {
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
  void nothing_is_missing_between_what_who_opens_gets_and_what_it_hears() throws Exception {
    BrokerPeer a = peer();
    int opens = 10;
    int batch = 20;
    int count = 2 * opens * batch;
    var maySay = new Semaphore(0);
    Thread speaker =
        Thread.startVirtualThread(
            () -> {
              for (int i = 0; i < count; i++) {
                maySay.acquireUninterruptibly();
                a.say(ROOM, String.valueOf(i));
              }
            });
    for (int i = 0; i < opens; i++) {
      BrokerPeer b = i % 5 == 0 ? peer() : peers.getLast();
      maySay.release(batch);
      Stretch stretch = b.open(ROOM);
      maySay.release(batch);
      long end = end(stretch).offset();
      assertThat(offsets(stretch.posts())).isEqualTo(upTo(end));
      // What is heard has what comes next, also if it begins earlier.
      await(() -> offsets(b.told(ROOM)).contains(end + 1));
    }
    speaker.join();
    for (BrokerPeer peer : peers.subList(1, peers.size())) {
      await(() -> offsets(peer.told(ROOM)).contains((long) count));
      List<Long> heard = offsets(peer.told(ROOM));
      assertThat(heard).isEqualTo(LongStream.rangeClosed(heard.getFirst(), count).boxed().toList());
    }
  }

  @Test
  void who_opens_after_a_cursor_gets_exactly_what_came_after_it() {
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
  void who_opens_with_a_limit_gets_the_last_or_goes_on_from_what_it_knows() {
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
  void a_cursor_of_another_order_gets_what_was_told_last() {
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
  void a_room_that_has_fallen_behind_what_is_known_begins_anew_when_it_is_opened() {
    BrokerPeer a = peer();
    List<Cursor> places = say(a, 3);
    String epoch = places.getFirst().epoch();
    Stretch stretch = a.open(ROOM, new Cursor(epoch, 4), null, 1_000);
    assertThat(end(stretch).epoch()).isNotEqualTo(epoch);
    assertThat(texts(stretch.posts())).containsExactly("1", "2", "3");
    assertThat(stretch.posts().getLast().place()).isEqualTo(stretch.end());
    // For all, and once.
    assertThat(peer().open(ROOM).end()).isEqualTo(stretch.end());
    assertThat(a.open(ROOM, new Cursor(epoch, 5), null, 1_000).end()).isEqualTo(stretch.end());
    Cursor next = a.say(ROOM, "4");
    assertThat(next).isEqualTo(new Cursor(end(stretch).epoch(), end(stretch).offset() + 1));
    assertThat(a.awaitTold(ROOM, 1).getFirst().place()).isEqualTo(next);
  }

  @Test
  void a_room_that_has_fallen_behind_what_is_known_begins_anew_when_something_is_told() {
    BrokerPeer a = peer();
    String epoch = say(a, 3).getFirst().epoch();
    Cursor ahead = new Cursor(epoch, 4);
    Cursor place = get(a.broker().publish(ROOM, a.post("4"), a.knowing(ahead), null, 0, false));
    assertThat(place).isNotNull();
    assertThat(place.epoch()).isNotEqualTo(epoch);
    assertThat(get(a.broker().end(ROOM))).isEqualTo(place);
    // Who knows as much as there is, or another order, changes nothing.
    for (Cursor known : List.of(place, new Cursor("other", 99), ahead)) {
      Cursor next = get(a.broker().publish(ROOM, a.post("x"), a.knowing(known), null, 0, false));
      assertThat(next).isNotNull();
      assertThat(next.epoch()).isEqualTo(place.epoch());
    }
  }

  @Test
  void a_room_that_has_another_message_where_one_is_known_begins_anew() {
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
  void who_opens_without_making_a_room_hears_its_first_message() {
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
  void a_room_remembers_at_least_what_it_is_to_remember() {
    BrokerPeer a = peer();
    for (int i = 1; i <= 30; i++) {
      Terms few = new Terms(5, WINDOW, null, "few");
      assertThat(get(a.broker().publish(ROOM, a.post("" + i), few, null, 0, false))).isNotNull();
    }
    List<Long> offsets = offsets(a.open(ROOM).posts());
    assertThat(offsets).hasSizeBetween(5, 30);
    assertThat(offsets).isEqualTo(LongStream.rangeClosed(offsets.getFirst(), 30).boxed().toList());
  }

  @Test
  void the_end_is_the_place_of_the_last_message() {
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
  void who_opens_a_room_again_at_once_stays_connected() {
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
  void who_closes_a_room_hears_it_no_more_until_it_opens_it_again() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    a.open(ROOM);
    b.open(ROOM);
    a.say(ROOM, "before");
    b.awaitTold(ROOM, 1);
    b.broker().close(ROOM);
    b.broker().close("never opened");
    // At once or soon after: what is under way may still come.
    var silent = new AtomicInteger();
    await(
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

  // --- who is in -------------------------------------------------------------------------------

  @Test
  void who_comes_in_is_announced_once_and_members_stand_in_the_order_in_which_they_came() {
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
  void many_members_keep_their_order() {
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
  void a_large_room_is_not_told_who_comes_and_goes() {
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
  void who_is_on_another_server_comes_in_only_if_taken_over() {
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
    // Who had them before has no say any more.
    assertThat(a.leave(ROOM, "x").isAnnounced()).isFalse();
    assertThat(a.enter(ROOM, "x", false)).isNull();
    assertThat(a.members(ROOM)).containsExactly("x", "y");
    assertThat(b.leave(ROOM, "x").isAnnounced()).isTrue();
    assertThat(a.awaitHeard(ROOM, "bye x")).containsExactly("hi x", "hi y", "bye x");
  }

  @Test
  void who_goes_is_announced_once_and_comes_in_last_again() {
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
  void who_was_never_there_goes_unheard() {
    BrokerPeer a = peer();
    Moved left = a.leave(ROOM, "ghost");
    assertThat(left.isAnnounced()).isFalse();
    assertThat(left.place().offset()).isZero();
    assertThat(a.say(ROOM, "1")).isEqualTo(new Cursor(left.place().epoch(), 1));
    assertThat(a.leave(ROOM, "ghost").place().offset()).isEqualTo(1);
    assertThat(a.members(ROOM)).isEmpty();
  }

  @Test
  void what_is_asked_for_in_one_room_is_done_in_that_order() {
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

  // --- a word between servers ------------------------------------------------------------------

  @Test
  void a_server_is_asked_by_name() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    b.answer(question -> CompletableFuture.completedStage(Json.from(List.of(question, b.name()))));
    for (Json question : messages()) {
      if (!question.equals(nested(64))) { // one deeper would be too deep
        assertThat(get(a.broker().ask(b.name(), question)))
            .isEqualTo(Json.from(List.of(question, b.name())));
      }
    }
    assertThatThrownBy(() -> get(b.broker().ask(a.name(), Json.of("?"))))
        .as("no answer")
        .isInstanceOf(BrokerException.class);
  }

  @Test
  void who_asks_a_server_that_is_not_there_is_told_so() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    assertThatThrownBy(() -> get(a.broker().ask("nobody", Json.of("?"))))
        .isInstanceOf(BrokerException.class);
    b.close();
    assertThatThrownBy(() -> get(a.broker().ask(b.name(), Json.of("?"))))
        .isInstanceOf(BrokerException.class);
  }

  @Test
  void all_others_are_asked_and_the_one_answer_counts() {
    BrokerPeer a = peer();
    assertThat(get(a.broker().askAll(Json.of("?")))).isNull();
    BrokerPeer b = peer();
    BrokerPeer c = peer();
    await(() -> a.broker().peers().containsAll(List.of(a.name(), b.name(), c.name())));
    var asked = new AtomicInteger();
    a.answer(_ -> CompletableFuture.completedStage(Json.of("not asked itself")));
    b.answer(
        _ -> {
          asked.incrementAndGet();
          return CompletableFuture.completedStage(null);
        });
    assertThat(get(a.broker().askAll(Json.of("?")))).isNull();
    assertThat(asked).hasValue(1);
    c.answer(question -> CompletableFuture.completedStage(Json.from(List.of(question))));
    assertThat(get(a.broker().askAll(Json.of("?")))).isEqualTo(Json.from(List.of("?")));
  }

  @Test
  void an_http_client_is_on_one_server_until_it_is_released() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    Duration long_ = Duration.ofSeconds(30);
    assertThat(get(a.broker().claim("client", long_))).isEqualTo(a.name());
    assertThat(get(b.broker().claim("client", long_))).isEqualTo(a.name());
    assertThat(get(a.broker().claim("client", long_))).isEqualTo(a.name());
    assertThat(get(b.broker().claim("other", long_))).isEqualTo(b.name());
    b.broker().release("client");
    assertThat(get(b.broker().claim("client", long_))).isEqualTo(a.name());
    a.broker().release("client");
    await(() -> get(b.broker().claim("client", long_)).equals(b.name()));
    assertThat(get(a.broker().claim("client", long_))).isEqualTo(b.name());
  }

  // --- the end ---------------------------------------------------------------------------------

  @Test
  void what_was_asked_for_before_a_goodbye_is_done() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    List<String> rooms = IntStream.range(0, 10).mapToObj(i -> "r" + i).toList();
    rooms.forEach(a::open);
    var places = new ArrayList<CompletionStage<@Nullable Cursor>>();
    for (int i = 0; i < 300; i++) {
      String room = rooms.get(i % rooms.size());
      places.add(b.broker().publish(room, b.post("" + i), b.terms(room), null, 0, false));
    }
    b.close();
    for (var place : places) {
      assertThat(get(place)).isNotNull();
    }
    for (String room : rooms) {
      assertThat(offsets(a.awaitTold(room, 30))).isEqualTo(upTo(30));
    }
    assertThatThrownBy(() -> b.say(ROOM, "late")).isInstanceOf(BrokerException.class);
  }

  @Test
  void the_members_and_clients_of_a_server_that_said_goodbye_are_nowhere() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    BrokerPeer c = peer();
    a.open(ROOM);
    a.enter(ROOM, "here");
    b.enter(ROOM, "there");
    b.enter("other", "there");
    assertThat(get(b.broker().claim("client", Duration.ofSeconds(30)))).isEqualTo(b.name());
    b.close();
    a.awaitHeard(ROOM, "gone there");
    await(() -> a.members("other").isEmpty());
    await(() -> get(c.broker().claim("client", Duration.ofSeconds(30))).equals(c.name()));
    await(() -> !c.broker().peers().contains(b.name()));
    a.say(ROOM, "end");
    assertThat(a.awaitHeard(ROOM, "end"))
        .containsExactly("hi here", "hi there", "gone there", "end");
    assertThat(a.members(ROOM)).containsExactly("here");
  }
}
