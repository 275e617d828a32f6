package io.earshot.action;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import jdk.management.VirtualThreadSchedulerMXBean;
import org.junit.jupiter.api.Test;

/** Work that computes without end does not hold up other work. */
class TimedVirtualThreadsTest {
  @Test
  void a_task_that_is_started_behind_endless_work_runs() throws Exception {
    var scheduler = ManagementFactory.getPlatformMXBean(VirtualThreadSchedulerMXBean.class);
    int before = scheduler.getParallelism();
    var threads = new TimedVirtualThreads();
    var stop = new AtomicBoolean();
    var endless = new ArrayList<CompletableFuture<Boolean>>();
    try {
      // One thread starts all, so one queue has them all and is never empty again.
      for (int i = 0; i < before + 2; i++) {
        endless.add(
            threads.run(
                "endless",
                Duration.ofMinutes(1),
                () -> {
                  while (!stop.get()) {
                    Thread.onSpinWait();
                  }
                  return true;
                }));
      }
      assertThat(threads.run("short", Duration.ofMinutes(1), () -> "ran").get(30, TimeUnit.SECONDS))
          .isEqualTo("ran");
    } finally {
      stop.set(true);
      for (CompletableFuture<Boolean> each : endless) {
        each.join();
      }
      scheduler.setParallelism(before);
    }
  }
}
