package io.earshot.testing;

import static io.earshot.testing.BrokerFixture.end;
import static io.earshot.testing.BrokerFixture.messages;
import static io.earshot.testing.BrokerFixture.offsets;
import static io.earshot.testing.BrokerFixture.upTo;
import static io.earshot.testing.BrokerPeer.get;
import static io.earshot.testing.BrokerPeer.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Announcement;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Placed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What servers may rely on: each room has one order of posts. */
interface BrokerOrderContract extends BrokerFixture {

  @Test
  default void offsets_of_a_room_begin_at_one() {
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
  default void all_servers_that_opened_a_room_receive_its_posts_in_order_the_sender_included() {
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
  default void concurrent_posts_have_one_order_that_keeps_the_order_of_each_sender()
      throws Exception {
    List<BrokerPeer> senders = List.of(peer(), peer(), peer());
    senders.forEach(peer -> peer.open(ROOM));
    int count = 100;
    var begin = new CountDownLatch(1);
    var threads = new ArrayList<Thread>();
    var places = new HashMap<String, CompletionStage<@Nullable Cursor>>();
    for (BrokerPeer sender : senders) {
      threads.add(
          Thread.startVirtualThread(
              () -> {
                try {
                  begin.await();
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
                for (int i = 0; i < count; i++) {
                  String text = sender.name() + " " + i;
                  var place =
                      sender.broker().publish(ROOM, sender.post(text), sender.terms(ROOM), null, 0);
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
    List<Placed> order = senders.getFirst().awaitTold(ROOM, 3 * count);
    assertThat(offsets(order)).isEqualTo(upTo(3L * count));
    for (BrokerPeer sender : senders) {
      assertThat(sender.awaitTold(ROOM, 3 * count)).isEqualTo(order);
      assertThat(texts(order).stream().filter(text -> text.startsWith(sender.name() + " ")))
          .isEqualTo(IntStream.range(0, count).mapToObj(i -> sender.name() + " " + i).toList());
    }
    for (Placed placed : order) {
      String text = Objects.requireNonNull(placed.post().message().asText());
      var place = places.get(text);
      assertThat(place).isNotNull();
      assertThat(place.toCompletableFuture().join()).isEqualTo(placed.place());
    }
  }

  @Test
  default void posts_of_one_turn_for_many_rooms_are_placed_in_order_in_each_room() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    int rooms = 30;
    int count = 20;
    b.open(ROOM + 0);
    b.open(ROOM + 1);
    List<CompletionStage<Cursor>> placing =
        a.inTurn(
            () ->
                IntStream.range(0, rooms * count)
                    .mapToObj(i -> publish(a, ROOM + i % rooms, String.valueOf(i / rooms)))
                    .toList());
    for (int i = 0; i < rooms * count; i++) {
      assertThat(get(placing.get(i)).offset()).isEqualTo(1 + i / rooms);
    }
    for (String room : List.of(ROOM + 0, ROOM + 1)) {
      List<Placed> told = b.awaitTold(room, count);
      assertThat(offsets(told)).isEqualTo(upTo(count));
      assertThat(texts(told))
          .isEqualTo(IntStream.range(0, count).mapToObj(String::valueOf).toList());
    }
    assertThat(texts(a.open(ROOM + 7).posts()))
        .isEqualTo(IntStream.range(0, count).mapToObj(String::valueOf).toList());
  }

  private static CompletionStage<Cursor> publish(BrokerPeer peer, String room, String text) {
    return peer.broker().publish(room, peer.post(text), peer.terms(room), null, 0);
  }

  @Test
  default void requests_of_one_turn_for_a_room_are_done_in_the_order_in_which_they_were_made() {
    BrokerPeer a = peer();
    var broker = a.broker();
    List<CompletionStage<Cursor>> placing =
        a.inTurn(
            () ->
                List.of(
                    publish(a, ROOM, "1"),
                    broker
                        .enter(ROOM, "x", a.post("2"), 10, a.terms(ROOM), false)
                        .thenApply(moved -> Objects.requireNonNull(moved).place()),
                    publish(a, ROOM, "3"),
                    broker.end(ROOM).thenApply(Objects::requireNonNull),
                    publish(a, ROOM, "4"),
                    broker.leave(ROOM, "x", a.post("5"), 10, a.terms(ROOM)).thenApply(Moved::place),
                    publish(a, ROOM, "6")));
    assertThat(placing.stream().map(each -> get(each).offset()))
        .containsExactly(1L, 2L, 3L, 3L, 4L, 5L, 6L);
    assertThat(texts(a.open(ROOM).posts())).containsExactly("1", "2", "3", "4", "5", "6");
  }

  @Test
  default void a_post_published_twice_has_one_place() {
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
  default void posts_with_the_same_repeat_key_are_published_once_whichever_server_publishes() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    b.open(ROOM);
    Cursor place = postAs(a, ROOM, "one", "key");
    assertThat(place).isNotNull();
    assertThat(postAs(a, ROOM, "again", "key")).isEqualTo(place);
    assertThat(postAs(b, ROOM, "and again", "key")).isEqualTo(place);
    assertThat(postAs(b, ROOM, "another", "Key")).isNotNull().isNotEqualTo(place);
    assertThat(postAs(b, "other", "the same key in another room", "key")).isNotNull();
    assertThat(b.awaitHeard(ROOM, "another")).containsExactly("one", "another");
    assertThat(texts(b.open("other").posts())).containsExactly("the same key in another room");
  }

  private static @Nullable Cursor postAs(BrokerPeer peer, String room, String text, String key) {
    return get(peer.broker().publish(room, peer.post(text), peer.terms(room), key, WINDOW));
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
  default void a_room_may_have_any_name() {
    BrokerPeer a = peer();
    for (String name : names()) {
      assertThat(end(a.open(name)).offset()).as(name).isZero();
      assertThat(a.enter(name, name).isAnnounced()).as(name).isTrue();
      Cursor place = postAs(a, name, name, name);
      assertThat(postAs(a, name, name, name)).as(name).isEqualTo(place);
      assertThat(a.awaitTold(name, 2).getLast().place()).as(name).isEqualTo(place);
      assertThat(a.members(name)).containsExactly(name);
      assertThat(texts(a.open(name).posts())).containsExactly("hi " + name, name);
      assertThat(a.leave(name, name).isAnnounced()).as(name).isTrue();
      assertThat(get(a.broker().claim(name, Duration.ofSeconds(10)))).isEqualTo(a.name());
    }
  }

  @Test
  default void rooms_with_similar_names_are_kept_apart() {
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

  @Test
  default void a_post_arrives_as_it_was_sent() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    b.open(ROOM);
    var posts = new ArrayList<Post>();
    for (Json message : messages()) {
      posts.add(a.post(message));
    }
    posts.add(with(a.post("x"), Json.of("speaker"), "speaker", false, null));
    posts.add(with(a.post("x"), Json.of("anonymous"), "anonymous", true, null));
    posts.add(with(a.post("x"), Json.from(fields("id", 7)), "7 8", false, null));
    posts.add(with(a.post("x"), Json.of(""), null, false, new Audience("id", "somebody")));
    posts.add(with(a.post("x"), Json.of(""), "", true, new Audience("", "")));
    posts.add(with(a.post("x"), Json.of(""), null, false, new Audience("team", null)));
    for (Announcement what : Announcement.values()) {
      posts.add(Post.announcing(what, "somebody", null, 1_357_000_000_000L, a.post("x").origin()));
    }
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
}
