package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.FeedEvent.Type;
import io.earshot.Publication;
import io.earshot.netty.EarshotServer;
import io.earshot.protocol.Json;
import io.earshot.redis.RedisServer;
import io.earshot.testing.Await;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Consumers of the feed on two servers, over a real Redis. */
class FeedClusterTest {
  private static final int ROOMS = 4;
  private static final int MESSAGES = 40;

  private final List<Queue<FeedEvent>> told =
      List.of(new ConcurrentLinkedQueue<>(), new ConcurrentLinkedQueue<>());

  @Test
  @SuppressWarnings("try") // one of them is closed before the other
  void each_message_of_two_servers_is_told_in_order_and_the_other_one_goes_on_when_one_stops()
      throws Exception {
    try (var redis = new RedisServer();
        EarshotServer a = start(redis, 0);
        EarshotServer b = start(redis, 1)) {
      for (int i = 1; i <= MESSAGES / 2; i++) {
        say(i % 2 == 0 ? a : b, i);
      }
      Await.until("the first half", () -> texts("room.0").size() == MESSAGES / 2);
      a.close();
      int before = told.get(1).size();
      for (int i = MESSAGES / 2 + 1; i <= MESSAGES; i++) {
        say(b, i);
      }
      for (int room = 0; room < ROOMS; room++) {
        String name = "room." + room;
        Await.until("all of " + name, () -> texts(name).size() == MESSAGES);
        assertThat(texts(name))
            .isEqualTo(IntStream.rangeClosed(1, MESSAGES).mapToObj(i -> "m" + i).toList());
      }
      assertThat(told.get(1)).hasSizeGreaterThanOrEqualTo(before + ROOMS * MESSAGES / 2);
      assertThat(b.state().feed().unsent()).isZero();
      assertThat(b.state().feed().dropped()).isZero();
    }
  }

  private EarshotServer start(RedisServer redis, int index) throws Exception {
    Config config =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("redis.url", redis.url())
            .with("redis.secret", "a secret of the servers");
    var consumer = new Feed.Consumer("test", EnumSet.of(Type.MESSAGE), List.of("room.*"), 10);
    return EarshotServer.start(
        config, api -> api.feed().add(consumer, events -> told.get(index).addAll(events)));
  }

  private static void say(EarshotServer server, int number) {
    for (int room = 0; room < ROOMS; room++) {
      server
          .api()
          .chatRoom()
          .publish(new Publication("room." + room, Json.of("m" + number), null, null, null))
          .toCompletableFuture()
          .join();
    }
  }

  /** The texts that were told of a room: those of the first server, then those of the second. */
  private List<String> texts(String room) {
    var ids = new ArrayList<String>();
    var texts = new ArrayList<String>();
    for (FeedEvent each : told.stream().flatMap(Queue::stream).toList()) {
      if (room.equals(each.room()) && !ids.contains(each.id())) {
        ids.add(each.id());
        texts.add(
            String.valueOf(each.data().get("message") instanceof Json.Text t ? t.value() : ""));
      }
    }
    return texts;
  }
}
