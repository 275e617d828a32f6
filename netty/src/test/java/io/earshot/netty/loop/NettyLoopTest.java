package io.earshot.netty.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.spi.Refusals;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an event loop promises its tasks. */
final class NettyLoopTest {
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final NettyLoop loop =
      new NettyLoop(group.next(), new AddressLimits(Config.defaults(), () -> 0, new Refusals()));

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  @Test
  void slow_tasks_take_turns_with_others() throws Exception {
    List<String> order = new ArrayList<>();
    var done = new CompletableFuture<List<String>>();
    loop.execute(
        () -> {
          for (int i = 0; i < 40; i++) {
            loop.executeInTurns(
                () -> {
                  order.add("slow");
                  loop.execute(() -> order.add("other"));
                });
          }
          loop.executeInTurns(
              () -> {
                throw new IllegalStateException("of this test");
              });
          loop.executeInTurns(() -> done.complete(List.copyOf(order)));
        });
    List<String> taken = done.get(20, TimeUnit.SECONDS);
    assertThat(taken).filteredOn("slow"::equals).hasSize(40);
    // Four in a turn, so the tasks of the first turn are done before the fifth slow task.
    assertThat(taken.subList(0, 8))
        .containsExactly("slow", "slow", "slow", "slow", "other", "other", "other", "other");
  }
}
