package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Measure;
import io.earshot.Target;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A ban of one server holds on the others, with a real Redis. */
final class ModerationClusterTest {
  private static final Duration HOUR = Duration.ofHours(1);

  @RegisterExtension final ServersOnRedis servers = new ServersOnRedis();

  private EarshotServer start() {
    // A start waits for so long; the first one on a cold machine is slow.
    return servers.start("redis.lease=40s", "redis.timeout=20s");
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
    EarshotServer first = start();
    EarshotServer second = start();
    TcpClient guest = servers.opened(TcpClient.welcomed(second.tcpPort(), null));
    Measure ban = ban(first, Target.address("127.0.0.1"));
    assertThat(guest.reply()).contains("Error: you are banned until");
    EarshotServer third = start();
    assertThat(isRefused(third)).as("one that starts later").isTrue();
    servers.redis.command("FLUSHALL");
    Measure other = ban(second, new Target.Id("somebody"));
    Await.until(
        "all know both",
        () -> {
          EarshotServer late = start();
          boolean knows = late.api().moderation().bans().size() == 2 && isRefused(late);
          late.close();
          return knows;
        });
    assertThat(first.api().moderation().bans()).containsExactlyInAnyOrder(ban, other);
    assertThat(third.api().moderation().lift(ban.id()).toCompletableFuture().join()).isTrue();
    Await.until("it is lifted", () -> !isRefused(first) && !isRefused(second));
  }
}
