package io.earshot.netty.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.testing.RecordingIntake;
import io.earshot.spi.Refusals;
import io.earshot.spi.SlowClient;
import io.earshot.stats.Gauge;
import io.earshot.testing.Await;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an event loop promises its tasks. */
final class NettyLoopTest {
  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final NettyLoop loop =
      new NettyLoop(group.next(), new AddressLimits(Config.defaults(), () -> 0, new Refusals()));

  /** A socket on which so many bytes wait. */
  private record Slow(NettyLoop loop, int bytes) implements Swept {
    @Override
    public boolean sweep(int now) {
      loop.countBacklog(bytes, new RecordingIntake());
      return true;
    }

    @Override
    public void stop() {}

    @Override
    public void close() {}
  }

  @AfterEach
  void stop() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }

  @Test
  void a_loop_that_was_blocked_says_how_late_it_was() {
    loop.execute(() -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1_300)));
    // Its task of each second was due within a second, which is at least 300 ms before the end.
    Await.until(
        "the loop has noticed it",
        () -> loop.stats().get(Gauge.LAG_NANOS) >= TimeUnit.MILLISECONDS.toNanos(200));
  }

  @Test
  void the_clients_are_remembered_for_which_most_bytes_wait() {
    List<Integer> bytes =
        new ArrayList<>(IntStream.rangeClosed(1, 4 * NettyLoop.MOST_SLOW).boxed().toList());
    Collections.shuffle(bytes, new Random(1));
    loop.execute(() -> bytes.forEach(each -> loop.opened(new Slow(loop, each))));
    Await.until("the loop has looked", () -> !loop.slowClients().isEmpty());
    assertThat(loop.slowClients())
        .extracting(SlowClient::bytes)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.rangeClosed(3 * NettyLoop.MOST_SLOW + 1, 4 * NettyLoop.MOST_SLOW)
                .boxed()
                .toList());
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
