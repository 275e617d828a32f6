package io.earshot.server.log;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.LoggerContext;
import io.earshot.spi.ProgramInfo;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

final class ServerInfoTest {
  private static ch.qos.logback.classic.Logger logger(RecentLines recent) {
    var context = new LoggerContext();
    recent.setContext(context);
    recent.start();
    var logger = context.getLogger("io.earshot.Test");
    logger.addAppender(recent);
    return logger;
  }

  @Test
  void the_server_tells_its_version_to_its_operator() {
    ProgramInfo info = ServiceLoader.load(ProgramInfo.class).findFirst().orElseThrow();
    assertThat(info).isInstanceOf(ServerInfo.class);
    assertThat(info.version()).isNotEmpty();
  }

  @Test
  void the_last_lines_of_the_log_are_kept_with_their_numbers() {
    var recent = new RecentLines(new LogLine());
    var logger = logger(recent);
    for (int i = 1; i <= 250; i++) {
      logger.info("line {}", i);
    }
    assertThat(recent.after(0)).hasSize(200);
    assertThat(recent.after(0).getFirst().text()).endsWith("INFO  Test: line 51");
    assertThat(recent.after(249)).extracting(ProgramInfo.LogLine::number).containsExactly(250L);
    assertThat(recent.after(1_000)).isEmpty();
  }

  @Test
  void a_long_line_is_cut_and_a_stack_trace_does_not_fill_the_memory() {
    var recent = new RecentLines(new LogLine());
    logger(recent).warn("x".repeat(10_000), new IllegalStateException("y".repeat(10_000)));
    assertThat(recent.after(0).getFirst().text()).hasSize(501).endsWith("…");
  }
}
