package io.earshot.redis;

import static io.earshot.testing.BrokerPeer.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.BrokerException;
import io.earshot.testing.Await;
import io.earshot.testing.BrokerPeer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Messages that go to Redis in one call. */
@Timeout(60)
final class TogetherTest extends PeersTestCase {
  private static final long WINDOW = 60_000;

  /** Beats of the server call scripts too. */
  private static final int BEATS = 20;

  private BrokerPeer peer(String url) {
    Config patient = Brokers.config(url).with("redis.timeout", "20s").with("redis.lease", "60s");
    BrokerPeer peer = begin(patient);
    peer.awaitConnected(1);
    return peer;
  }

  private static CompletionStage<Cursor> publish(
      BrokerPeer peer, String room, Post post, @Nullable String repeat) {
    return peer.broker().publish(room, post, peer.terms(room), repeat, WINDOW);
  }

  private static List<CompletionStage<Cursor>> inTurn(
      BrokerPeer peer, int count, IntFunction<CompletionStage<Cursor>> publish) {
    return peer.inTurn(() -> IntStream.range(0, count).mapToObj(publish).toList());
  }

  private static int calls(RedisServer redis) throws IOException {
    return calls(redis, "evalsha");
  }

  private static int calls(RedisServer redis, String command) throws IOException {
    String stats = String.valueOf(redis.command("INFO", "commandstats"));
    Matcher calls = Pattern.compile("cmdstat_" + command + ":calls=(\\d+)").matcher(stats);
    return calls.find() ? Integer.parseInt(calls.group(1)) : 0;
  }

  @Test
  void messages_of_one_turn_for_many_rooms_go_in_few_calls() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      inTurn(a, 60, i -> publish(a, "r" + i, a.post("first"), null)).forEach(BrokerPeer::get);
      int before = calls(redis);
      int rounds = 10;
      for (int round = 0; round < rounds; round++) {
        inTurn(a, 60, i -> publish(a, "r" + i, a.post("more"), null)).forEach(BrokerPeer::get);
      }
      assertThat(calls(redis) - before).isBetween(rounds, rounds + BEATS);
    }
  }

  @Test
  void a_call_is_bounded_in_messages_and_in_bytes() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      a.say("room", "first");
      int before = calls(redis);
      var many = inTurn(a, 64 * 50, _ -> publish(a, "room", a.post("more"), null));
      assertThat(many.stream().map(each -> get(each).offset()))
          .isEqualTo(IntStream.range(2, 2 + 64 * 50).mapToObj(Long::valueOf).toList());
      assertThat(calls(redis) - before).isBetween(50, 50 + BEATS);

      int beforeLarge = calls(redis);
      String large = "x".repeat(20_000);
      inTurn(a, 150, _ -> publish(a, "room", a.post(large), null)).forEach(BrokerPeer::get);
      assertThat(calls(redis) - beforeLarge).isBetween(50, 50 + BEATS);

      String tooLarge = "x".repeat(100_000);
      inTurn(a, 2, _ -> publish(a, "room", a.post(tooLarge), null)).forEach(BrokerPeer::get);
    }
  }

  @Test
  void a_message_that_fails_does_not_keep_the_others_of_its_call_from_their_places()
      throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      Post late = a.post("late");
      Cursor first = get(publish(a, "room", a.post("first"), "id"));
      var _ = redis.command("SET", "earshot:{broken}:head", "not a hash");
      var _ = redis.command("SET", "earshot:{torn}:log", "not a stream");
      List<CompletionStage<Cursor>> placing =
          a.inTurn(
              () ->
                  List.of(
                      publish(a, "other", a.post("1"), null),
                      publish(a, "broken", a.post("2"), null),
                      publish(a, "room", late, null),
                      publish(a, "room", a.post("first"), "id"),
                      publish(a, "torn", a.post("3"), null),
                      publish(a, "torn", a.post("4"), "torn"),
                      publish(a, "room", a.post("second"), "id 2"),
                      publish(a, "room", a.post("second"), "id 2"),
                      publish(a, "other", a.post("5"), null)));
      assertThat(get(placing.get(0)).offset()).isEqualTo(1);
      assertRefused(placing.get(1), "the cluster cannot take this now; try again in a moment");
      assertRefused(placing.get(2), "a later message of the same server came first; try again");
      assertThat(get(placing.get(3))).isEqualTo(first);
      assertThat(get(placing.get(6)).offset()).isEqualTo(2);
      assertThat(get(placing.get(7)).offset()).isEqualTo(2);
      assertThat(get(placing.get(8)).offset()).isEqualTo(2);
      assertThat(BrokerPeer.texts(a.open("room").posts())).containsExactly("first", "second");
      assertThat(BrokerPeer.texts(a.open("other").posts())).containsExactly("1", "5");
      // A new order begins without the log that something else has put there.
      assertThat(get(placing.get(4)).offset()).isEqualTo(1);
      assertThat(get(placing.get(5)).offset()).isEqualTo(2);

      var _ = redis.command("SET", "earshot:{torn}:log", "not a stream");
      List<CompletionStage<Cursor>> again =
          a.inTurn(
              () ->
                  List.of(
                      publish(a, "torn", a.post("5"), "id 5"),
                      publish(a, "room", a.post("third"), null)));
      assertRefused(again.get(0), "the cluster cannot take this now; try again in a moment");
      assertThat(get(again.get(1)).offset()).isEqualTo(3);
    }
  }

  /** Redis runs nothing else meanwhile: to search the log for each took half a second. */
  @Test
  void late_messages_of_one_call_are_searched_for_together() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      a.say("room", "first");
      Post placed = a.post("placed");
      List<Post> late = IntStream.range(0, 60).mapToObj(_ -> a.post("late")).toList();
      assertThat(get(publish(a, "room", placed, null)).offset()).isEqualTo(2);
      inTurn(a, 500, _ -> publish(a, "room", a.post("later"), null)).forEach(BrokerPeer::get);
      int before = calls(redis, "xrevrange");
      List<CompletionStage<Cursor>> again =
          inTurn(
              a,
              late.size() + 1,
              i -> publish(a, "room", i == 30 ? placed : late.get(i < 30 ? i : i - 1), null));
      for (int i = 0; i < again.size(); i++) {
        if (i == 30) {
          assertThat(get(again.get(i)).offset()).isEqualTo(2);
        } else {
          assertRefused(again.get(i), "a later message of the same server came first; try again");
        }
      }
      assertThat(calls(redis, "xrevrange") - before).isBetween(1, 8);
    }
  }

  private static void assertRefused(CompletionStage<Cursor> place, String why) {
    assertThatThrownBy(() -> get(place))
        .hasMessage(why)
        .asInstanceOf(type(BrokerException.class))
        .extracting(BrokerException::maybeDone)
        .isEqualTo(false);
  }

  @Test
  void if_the_answer_to_a_call_is_lost_each_message_is_in_doubt_and_can_be_repeated()
      throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port())) {
      BrokerPeer a = peer(link.url());
      a.say("r0", "before");
      link.delay(Duration.ofSeconds(2));
      int count = 12;
      List<CompletionStage<Cursor>> placing =
          inTurn(a, count, i -> publish(a, "r" + i % 3, a.post("text " + i), "id " + i));
      Await.until(
          "Redis has the messages",
          () -> {
            try {
              return Long.valueOf(1 + count / 3).equals(redis.command("XLEN", "earshot:{r0}:log"));
            } catch (IOException e) {
              return false;
            }
          });
      link.restoreAfterLoss();
      placing.forEach(TogetherTest::assertInDoubt);
      a.awaitConnected(2);
      List<CompletionStage<Cursor>> again =
          inTurn(a, count, i -> publish(a, "r" + i % 3, a.post("text " + i), "id " + i));
      for (int i = 0; i < count; i++) {
        assertThat(get(again.get(i)).offset()).isEqualTo(1 + i / 3 + (i % 3 == 0 ? 1 : 0));
      }
      assertThat(BrokerPeer.texts(a.open("r1").posts()))
          .containsExactly("text 1", "text 4", "text 7", "text 10");
    }
  }

  @Test
  void messages_that_wait_for_an_answer_are_refused_when_the_connection_breaks() throws Exception {
    try (var redis = new RedisServer();
        var link = new Link(redis.port())) {
      BrokerPeer a = peer(link.url());
      a.say("room", "before");
      link.delay(Duration.ofSeconds(15));
      List<CompletionStage<Cursor>> sent =
          IntStream.range(0, 2)
              .mapToObj(
                  i -> inTurn(a, 1, _ -> publish(a, "room", a.post("sent " + i), null)).get(0))
              .toList();
      var waiting = inTurn(a, 20, _ -> publish(a, "room", a.post("waiting"), null));
      var more = inTurn(a, 20, _ -> publish(a, "other", a.post("waiting"), null));
      link.cut();
      sent.forEach(TogetherTest::assertInDoubt);
      for (CompletionStage<Cursor> each : Stream.concat(waiting.stream(), more.stream()).toList()) {
        assertThatThrownBy(() -> get(each)).isInstanceOf(BrokerException.class);
      }
      a.awaitDisconnected(1);
      link.restore();
      a.awaitConnected(2);
      assertThat(a.say("room", "after").offset()).isEqualTo(2);
      assertThat(BrokerPeer.texts(a.open("room").posts())).containsExactly("before", "after");
      assertThat(a.say("other", "first").offset()).isEqualTo(1);
    }
  }

  @Test
  void a_fault_of_the_server_fails_one_call_and_later_messages_are_sent() throws Exception {
    try (var redis = new RedisServer()) {
      BrokerPeer a = peer(redis.url());
      a.say("room", "before");
      for (int i = 0; i < 3; i++) {
        assertInDoubt(a.inTurn(() -> a.broker().publish("room", a.post("x"), faulty(), null, 0)));
      }
      assertThat(a.say("room", "after").offset()).isEqualTo(2);
    }
  }

  @SuppressWarnings("NullAway") // the fault
  private static Terms faulty() {
    return new Terms(1, 1, null, null);
  }

  private static void assertInDoubt(CompletionStage<Cursor> place) {
    assertThatThrownBy(() -> get(place))
        .asInstanceOf(type(BrokerException.class))
        .extracting(BrokerException::maybeDone)
        .isEqualTo(true);
  }
}
