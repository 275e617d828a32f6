package io.earshot.server.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LogTest {
  private final LoggerContext context = new LoggerContext();

  @Test
  void an_event_is_one_line_with_time_level_and_class() {
    assertThat(line("hello", null))
        .isEqualTo("2026-01-02T03:04:05.006Z WARN  Rooms: hello" + System.lineSeparator());
  }

  @Test
  void text_from_a_client_cannot_start_a_line_of_the_log() {
    assertThat(line("bad name 'x\r\n2026-01-01 INFO all is well\u001b[2K\u202e\u2028'", null))
        .hasLineCount(1)
        .contains("'x\\r\\n2026-01-01 INFO all is well\\u001b[2K\\u202e\\u2028'");
  }

  @Test
  void a_stack_trace_is_indented_and_cannot_look_like_a_line_of_the_log() {
    var thrown = new IllegalStateException("first\n2026-01-01 INFO all is well\r\u001b[2K");
    assertThat(line("it failed", thrown).lines().skip(1))
        .isNotEmpty()
        .allMatch(line -> line.startsWith("\t"))
        .anyMatch(line -> line.contains("all is well\\r\\u001b[2K"))
        .anyMatch(line -> line.contains("at io.earshot.server.log.LogTest"));
  }

  @Test
  void warnings_of_libraries_and_info_of_earshot_are_logged_to_stderr() {
    PrintStream usual = System.err;
    var captured = new ByteArrayOutputStream();
    System.setErr(new PrintStream(captured, true, UTF_8));
    try {
      context.setMDCAdapter(new LogbackMDCAdapter());
      var log = new Log();
      log.setContext(context);
      log.configure(context);
      context.getLogger("io.netty.Anything").info("silent");
      context.getLogger("io.netty.Anything").warn("heard from netty");
      context.getLogger("io.earshot.Rooms").debug("silent");
      context.getLogger("io.earshot.Rooms").info("heard from earshot");
    } finally {
      System.setErr(usual);
    }
    assertThat(captured.toString(UTF_8))
        .contains("heard from netty", "heard from earshot")
        .doesNotContain("silent");
  }

  @Test
  void the_platform_logger_logs_to_the_same_place() {
    assertThat(System.getLogger("io.earshot.Rooms").getClass().getName()).contains("slf4j");
    assertThat(System.getLogger("io.earshot.Rooms").isLoggable(System.Logger.Level.INFO)).isTrue();
    assertThat(System.getLogger("io.earshot.Rooms").isLoggable(System.Logger.Level.DEBUG))
        .isFalse();
    assertThat(System.getLogger("io.netty.X").isLoggable(System.Logger.Level.INFO)).isFalse();
  }

  private String line(String message, @Nullable Throwable thrown) {
    var event =
        new LoggingEvent(
            LogTest.class.getName(),
            context.getLogger("io.earshot.Rooms"),
            Level.WARN,
            message,
            thrown,
            null);
    event.setInstant(Instant.parse("2026-01-02T03:04:05.006Z"));
    return new LogLine().doLayout(event);
  }
}
