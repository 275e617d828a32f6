package io.earshot.redis;

import static io.earshot.redis.FeedReader.add;
import static io.earshot.redis.FeedReader.adding;
import static io.earshot.redis.FeedReader.part;
import static io.earshot.redis.FeedReader.publish;
import static io.earshot.redis.FeedReader.room;
import static io.earshot.redis.FeedReader.say;
import static io.earshot.redis.FeedReader.texts;
import static io.earshot.testing.BrokerPeer.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.BrokerException;
import io.earshot.spi.SharedFeed.Entry;
import io.earshot.spi.SharedFeed.Turn;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Events wait in Redis until a consumer has dealt with them. */
@Timeout(60)
final class FeedTest extends FeedTestCase {
  // --- messages and events ---------------------------------------------------------------------

  @Test
  void the_messages_of_a_room_come_in_their_order_with_their_places() {
    BrokerPeer a = peer();
    BrokerPeer b = peer();
    var reader = new FeedReader(b, "hook");
    String room = room(2);
    assertThat(reader.renew(2)).isEqualTo(new Turn(true, List.of(), 0, 0));
    Cursor first = say(a, room, "first");
    add(b, 2, "an event");
    say(b, room, "second");
    a.say(room, "not fed");
    say(a, room, "last");
    say(a, room(1), "of another part");

    Turn turn = reader.next(2, null, 10);
    assertThat(texts(turn.entries())).containsExactly("first@1", "an event", "second@2", "last@4");
    assertThat(turn.waiting()).isEqualTo(4);
    assertThat(turn.dropped()).isZero();
    Entry entry = turn.entries().getFirst();
    assertThat(entry.room()).isEqualTo(room);
    var placed = Objects.requireNonNull(entry.message());
    assertThat(placed.place()).isEqualTo(first);
    assertThat(placed.age()).isBetween(0L, Await.LIMIT.toMillis());
    assertThat(turn.entries().get(1).room()).isNull();
    // Nothing has changed before they are dealt with.
    assertThat(texts(reader.next(2, null, 2).entries())).containsExactly("first@1", "an event");
    String position = turn.entries().get(2).position();
    assertThat(texts(reader.next(2, position, 10).entries())).containsExactly("last@4");
    assertThat(reader.renew(2).waiting()).isEqualTo(1);
  }

  @Test
  void many_messages_of_one_call_become_events_of_their_parts() {
    BrokerPeer a = peer();
    var reader = new FeedReader(a, "hook");
    IntStream.range(0, 4).forEach(reader::renew);
    int rooms = 20;
    int each = 10;
    List<CompletionStage<Cursor>> saying =
        a.inTurn(
            () ->
                IntStream.range(0, rooms * each)
                    .mapToObj(
                        i -> {
                          String room = "r" + i % rooms;
                          Post post = a.post(room + " " + i / rooms);
                          return i % rooms == 7
                              ? a.broker().publish(room, post, a.terms(room), null, 0)
                              : publish(a, room, post, null);
                        })
                    .toList());
    saying.forEach(BrokerPeer::get);
    for (int part = 0; part < 4; part++) {
      List<String> all = reader.takeAll(part, 7);
      for (int i = 0; i < rooms; i++) {
        String room = "r" + i;
        List<String> expected =
            i == 7 || part(room) != part
                ? List.of()
                : IntStream.range(0, each)
                    .mapToObj(number -> room + " " + number + "@" + (number + 1))
                    .toList();
        assertThat(all.stream().filter(text -> text.startsWith(room + " "))).isEqualTo(expected);
      }
    }
  }

  @Test
  void a_repeat_is_no_second_event() {
    BrokerPeer a = peer();
    String room = room(0);
    var reader = new FeedReader(a, "hook");
    reader.renew(0);
    Post post = a.post("once");
    Cursor place = get(publish(a, room, post, "id"));
    assertThat(get(publish(a, room, a.post("again"), "id"))).isEqualTo(place);
    assertThat(get(publish(a, room, post, null))).isEqualTo(place); // under the same number
    say(a, room, "next");
    assertThat(reader.takeAll(0, 10)).containsExactly("once@1", "next@2");
  }

  @Test
  void a_message_that_fails_is_no_event_and_one_whose_event_fails_is_no_message() throws Exception {
    BrokerPeer a = peer();
    String room = room(0);
    String other = room(1);
    var reader = new FeedReader(a, "hook");
    reader.renew(0);
    reader.renew(1);
    say(a, room, "first");
    var _ = redis().command("RENAME", prefix + "{" + room + "}:log", prefix + "{kept}:log");
    var _ = redis().command("SET", prefix + "{" + room + "}:log", "not a stream");
    List<CompletionStage<Cursor>> saying =
        a.inTurn(
            () ->
                List.of(
                    publish(a, room, a.post("refused"), null),
                    publish(a, other, a.post("1"), null),
                    publish(a, room, a.post("refused, too"), null)));
    assertThatThrownBy(() -> get(saying.get(0))).isInstanceOf(BrokerException.class);
    assertThatThrownBy(() -> get(saying.get(2))).isInstanceOf(BrokerException.class);
    assertThat(get(saying.get(1)).offset()).isEqualTo(1);
    var _ = redis().command("RENAME", prefix + "{kept}:log", prefix + "{" + room + "}:log");
    say(a, room, "second");
    Turn turn = reader.next(0, null, 10);
    assertThat(texts(turn.entries()).stream().map(text -> text.replaceAll("@.*", "")))
        .containsExactly("first", "second");
    assertThat(turn.dropped()).isZero();
    assertThat(turn.waiting()).isEqualTo(2);

    // And the other way round.
    reader.takeAll(1, 10);
    var _ = redis().command("DEL", stream(1));
    var _ = redis().command("SET", stream(1), "not a stream");
    Cursor before = Objects.requireNonNull(a.open(other).end());
    assertThatThrownBy(() -> say(a, other, "refused")).isInstanceOf(BrokerException.class);
    assertThat(get(a.broker().end(other))).isEqualTo(before);
    assertThat(BrokerPeer.texts(a.open(other).posts())).containsExactly("1");
    assertThat(a.say(other, "not fed").offset()).isEqualTo(before.offset() + 1);
    var _ = redis().command("DEL", stream(1));
    say(a, other, "after");
    assertThat(texts(reader.next(1, null, 10).entries()))
        .containsExactly("after@" + (before.offset() + 2));
  }

  @Test
  void without_memory_neither_happens_and_consumers_go_on() throws Exception {
    try (var own = new RedisServer()) {
      BrokerPeer a = peer(Brokers.config(own.url()));
      String room = room(0);
      var reader = new FeedReader(a, "hook");
      reader.renew(0);
      say(a, room, "first");
      add(a, 0, "second");
      var _ = own.command("CONFIG", "SET", "maxmemory", "1");
      String full = "the cluster's memory is full; try again later";
      assertThatThrownBy(() -> say(a, room, "refused")).hasMessage(full);
      assertThatThrownBy(() -> add(a, 0, "refused")).isInstanceOf(BrokerException.class);
      assertThat(reader.takeAll(0, 1)).containsExactly("first@1", "second");
      assertThat(reader.renew(0)).isEqualTo(new Turn(true, List.of(), 0, 0));
      var _ = own.command("CONFIG", "SET", "maxmemory", "0");
      assertThat(say(a, room, "third").offset()).isEqualTo(2);
      assertThat(reader.takeAll(0, 10)).containsExactly("third@2");
    }
  }

  @Test
  void events_that_one_thread_adds_keep_their_order_and_go_in_few_calls() throws Exception {
    BrokerPeer a = peer();
    var reader = new FeedReader(a, "hook");
    reader.renew(3);
    int before = scripts();
    int count = 2_000;
    List<String> texts = IntStream.range(0, count).mapToObj(i -> "event " + i).toList();
    texts.stream().map(each -> adding(a, 3, each)).toList().forEach(BrokerPeer::get);
    assertThat(scripts() - before).isLessThan(count / 4);
    assertThat(reader.takeAll(3, 300)).isEqualTo(texts);
  }

  private static int scripts() throws IOException {
    String stats = String.valueOf(redis().command("INFO", "commandstats"));
    Matcher calls = Pattern.compile("cmdstat_evalsha:calls=(\\d+)").matcher(stats);
    return calls.find() ? Integer.parseInt(calls.group(1)) : 0;
  }

  @Test
  void an_answer_is_bounded_in_bytes() {
    BrokerPeer a = peer();
    var reader = new FeedReader(a, "hook");
    reader.renew(0);
    for (int i = 0; i < 20; i++) {
      add(a, 0, "x".repeat(50_000));
    }
    add(a, 0, "x".repeat(400_000));
    Turn turn = reader.next(0, null, 100);
    assertThat(turn.entries()).hasSize(5);
    assertThat(turn.waiting()).isEqualTo(21);
    assertThat(reader.takeAll(0, 100)).hasSize(21);
  }

  // --- forged events ---------------------------------------------------------------------------

  @Test
  void events_that_no_server_has_signed_are_skipped_counted_and_logged() throws Exception {
    Config config = config().with("redis.secret", "between us");
    BrokerPeer a = peer(config);
    BrokerPeer b = peer(config().with("redis.secret", "another"));
    var reader = new FeedReader(a, "hook");
    reader.renew(0);
    String room = room(0);
    say(a, room, "genuine");
    add(a, 0, "an event");
    String post = "{\"p\":\"a\",\"n\":99,\"t\":1,\"f\":\"boss\",\"m\":\"forged\"}";
    say(b, room, "signed with another secret");
    add(b, 0, "signed with another secret");
    forge("v", "- forged");
    forge("r", room, "a", "e:7", "p", "- " + post);
    forge("r", room, "a", "nowhere", "p", "- " + post);
    forge("x", "y");
    Object genuine = Objects.requireNonNull(redis().command("XRANGE", stream(0), "-", "+"));
    String signed = String.valueOf(fields(genuine, 0).get(7));
    forge("b", "0", "r", room(1), "a", "e:7", "p", signed); // of another room
    forge("b", "0", "v", signed);
    String event = String.valueOf(fields(genuine, 1).get(3));
    var _ = redis().command("XADD", stream(1), "*", "v", event); // of another part
    // The answer has none of them alone, and still goes on.
    assertThat(reader.takeAll(0, 1)).containsExactly("genuine@1", "an event");
    add(a, 0, "next");
    forge("v", "- forged");
    assertThat(reader.takeAll(0, 10)).containsExactly("next");
    assertThat(reader.takeAll(1, 10)).isEmpty();
    assertThat(reader.renew(0).dropped()).isZero();
    assertThat(warnings.messages())
        .singleElement()
        .asString()
        .contains("skipped the entry", stream(0), "redis.secret");
  }

  private void forge(String... fields) throws IOException {
    String[] command = new String[3 + fields.length];
    command[0] = "XADD";
    command[1] = stream(0);
    command[2] = "*";
    System.arraycopy(fields, 0, command, 3, fields.length);
    var _ = redis().command(command);
  }

  private static List<?> fields(Object entries, int index) {
    return (List<?>) ((List<?>) ((List<?>) entries).get(index)).get(1);
  }

  @Test
  void many_forged_events_keep_no_consumer_from_the_events_after_them() throws Exception {
    BrokerPeer a = peer(config().with("redis.secret", "between us"));
    var reader = new FeedReader(a, "hook");
    reader.renew(0);
    for (int i = 0; i < 200; i++) {
      forge("v", "- forged");
    }
    add(a, 0, "genuine");
    Await.until("the event", () -> reader.next(0, null, 5).entries().size() == 1);
    assertThat(reader.takeAll(0, 5)).containsExactly("genuine");
  }

  // --- without the feed ------------------------------------------------------------------------

  @Test
  void messages_that_are_no_events_leave_nothing_in_the_feed() throws Exception {
    BrokerPeer a = peer();
    a.say("room", "first");
    assertThat(a.terms("room")).extracting(Terms::isFed).isEqualTo(false);
    assertThat(redis().command("KEYS", prefix + "{feed}*")).isEqualTo(List.of());
  }
}
