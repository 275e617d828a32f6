package io.earshot.hook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.Hooks;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Time limits, failures, and the number of hooks that run. */
final class HookLimitsTest extends HookTestCase {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_hook_that_takes_too_long_is_interrupted_and_the_setting_decides(boolean isAllowed)
      throws Exception {
    server =
        new TestServer(
            1,
            TestServer.quiet()
                .with("hooks.timeout", "50ms")
                .with("hooks.onTimeout", isAllowed ? "allow" : "refuse"));
    Guest speaker = guest(0);
    Guest subscriber = guest(0);
    var interrupted = new CountDownLatch(2);
    hooks()
        .onSay(
            "*",
            _ -> {
              try {
                return new CountDownLatch(1).await(1, TimeUnit.HOURS);
              } finally {
                interrupted.countDown();
              }
            });
    hooks().onSay("*", say -> say.message().asText() + "!");
    String first = ask(speaker, "say x");
    String second = ask(speaker, "say y");
    interrupted.await();
    server.earshot.monitor().sample();
    assertThat(server.earshot.monitor().overview(0).toString())
        .contains(
            "is slow, clients wait for it: the last slow call took more than 50 ms, and its request was "
                + (isAllowed ? "allowed" : "refused"));
    if (isAllowed) {
      assertThat(first).contains("OK");
      assertThat(subscriber.heard()).containsExactly("x!", "y!"); // the next hook was asked
    } else {
      assertThat(second).contains("Error: the server took too long to decide");
      assertThat(subscriber.heard()).isEmpty();
    }
    assertThat(problems())
        .contains("the last slow call took more than 50 ms, and its request was ")
        .contains(isAllowed ? "was allowed" : "was refused");
  }

  /** What an operator is told. */
  private String problems() {
    server.earshot.monitor().sample();
    return server.earshot.monitor().overview(0).toString();
  }

  @Test
  void a_hook_that_fails_refuses_with_a_general_error() {
    Guest speaker = guest(0);
    for (Object bad : new Object[] {new Object(), Double.NaN, List.of(new Object())}) {
      Hooks.Registration one = hooks().onSay("*", _ -> bad);
      assertThat(ask(speaker, "say x"))
          .contains("\"error\":\"Error: The server experienced an internal error\"");
      one.close();
    }
    hooks()
        .onSay(
            "*",
            _ -> {
              throw new AssertionError("planted");
            });
    assertThat(ask(speaker, "say x"))
        .contains("Error: The server experienced an internal error")
        .doesNotContain("planted");
    assertThat(problems())
        .contains(
            "the say hook io.earshot.hook.HookLimitsTest for * fails: 4 calls; the last because: ")
        .contains("java.lang.AssertionError");
    assertThat(ask(speaker, "detailsView")).contains("details");
  }

  @Test
  void the_log_mentions_a_hook_once_a_minute() {
    var records = new ConcurrentLinkedQueue<LogRecord>();
    var handler =
        new Handler() {
          @Override
          public void publish(LogRecord one) {
            records.add(one);
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger(HookRunner.class.getName());
    logger.addHandler(handler);
    try {
      Guest speaker = guest(0);
      hooks()
          .onSay(
              "*",
              _ -> {
                throw new IllegalStateException("planted");
              });
      for (int i = 0; i < 20; i++) {
        ask(speaker, "say x");
      }
      assertThat(records).hasSize(1);
      server.pass(Duration.ofSeconds(61));
      ask(speaker, "say x");
      ask(speaker, "say x");
      assertThat(records)
          .hasSize(2)
          .last()
          .extracting(LogRecord::getMessage)
          .asString()
          .contains("say hook");
    } finally {
      logger.removeHandler(handler);
    }
  }

  @Test
  void when_too_many_hooks_run_requests_are_refused_and_leave_hooks_run_later() throws Exception {
    server = new TestServer(1, config().with("hooks.running", 1));
    Guest slow = guest(0);
    Guest other = guest(0);
    Guest goer = guest(0);
    var admission = new Semaphore(0);
    var asked = new CountDownLatch(1);
    hooks()
        .onSay(
            "*",
            say -> {
              asked.countDown();
              admission.acquire();
              return say.message();
            });
    hooks().onLeave("*", presence -> told.add("left " + presence.connection().id()));
    slow.send("say x");
    asked.await();
    other.send("say y");
    assertThat(other.hear()).last().asString().contains("Error: the server is busy");
    goer.send("quit");
    server.settle();
    admission.release();
    await("x is told", () -> other.lines.toString().contains("\"message\":\"x\""));
    for (int i = 0; told.isEmpty() && i < 1000; i++) {
      server.pass(Duration.ofMillis(20));
      LockSupport.parkNanos(1_000_000);
    }
    assertThat(told).containsExactly("left " + goer.id());
  }

  @Test
  void a_time_limit_of_zero_is_refused() {
    assertThatThrownBy(() -> Config.defaults().with("hooks.timeout", "0s"))
        .hasMessageContaining("hooks.timeout must be more than 0");
  }
}
