package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Measure;
import io.earshot.Target;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.TcpClient;
import io.earshot.redis.RedisServer;
import io.earshot.testing.Await;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A ban of one server holds on the others, with a real Redis. */
final class ModerationClusterTest {
  private static final Duration HOUR = Duration.ofHours(1);

  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  @AfterEach
  void closeAll() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  private EarshotServer start(RedisServer redis) {
    EarshotServer server =
        Kind.LEAN_LINES.start(
            Config.defaults()
                .with("redis.url", redis.url())
                // A start waits for so long; the first one on a cold machine is slow.
                .with("redis.lease", "40s")
                .with("redis.timeout", "20s"));
    open.push(server);
    return server;
  }

  private static Measure ban(EarshotServer server, Target target) {
    return server.api().moderation().ban(target, HOUR, "spam").toCompletableFuture().join();
  }

  private static boolean isRefused(EarshotServer server) {
    try (var client = new TcpClient(server.tcpPort(), null)) {
      return String.valueOf(client.next()).contains("Error: you are banned until");
    }
  }

  @Test
  void a_ban_holds_on_other_servers_on_later_ones_and_after_redis_has_lost_it() throws Exception {
    var redis = new RedisServer();
    open.push(redis);
    EarshotServer first = start(redis);
    EarshotServer second = start(redis);
    TcpClient guest = TcpClient.welcomed(second.tcpPort(), null);
    open.push(guest);
    Measure ban = ban(first, Target.address("127.0.0.1"));
    assertThat(guest.reply()).contains("Error: you are banned until");
    EarshotServer third = start(redis);
    assertThat(isRefused(third)).as("one that starts later").isTrue();
    redis.command("FLUSHALL");
    Measure other = ban(second, new Target.Id("somebody"));
    Await.until(
        "all know both",
        () -> {
          EarshotServer late = start(redis);
          boolean knows = late.api().moderation().bans().size() == 2 && isRefused(late);
          late.close();
          return knows;
        });
    assertThat(first.api().moderation().bans()).containsExactlyInAnyOrder(ban, other);
    assertThat(third.api().moderation().lift(ban.id()).toCompletableFuture().join()).isTrue();
    Await.until("it is lifted", () -> !isRefused(first) && !isRefused(second));
  }
}
