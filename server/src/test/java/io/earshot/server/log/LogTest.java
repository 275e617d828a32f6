package io.earshot.server.log;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.AppenderBase;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Instant;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
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
      context.stop(); // writes what waits
    } finally {
      System.setErr(usual);
    }
    assertThat(captured.toString(UTF_8))
        .contains("heard from netty", "heard from earshot")
        .doesNotContain("silent");
  }

  @Test
  void a_line_may_be_json_with_the_fields_of_the_elastic_common_schema() throws Exception {
    context.setMDCAdapter(new LogbackMDCAdapter());
    var form = new LineForm(new LogLine());
    form.setContext(context);
    form.useJson();
    String line = new String(form.encode(event("bad \"name\"\n\u001b[2K", null)), UTF_8);
    assertThat(line).endsWith("\n").hasLineCount(1);
    assertThat(Json.parse(line))
        .isInstanceOfSatisfying(
            Json.Obj.class,
            fields -> {
              assertThat(fields.get("@timestamp")).isEqualTo(Json.of("2026-01-02T03:04:05.006Z"));
              assertThat(fields.get("log.level")).isEqualTo(Json.of("WARN"));
              assertThat(fields.get("message")).isEqualTo(Json.of("bad \"name\"\n\u001b[2K"));
              assertThat(fields.get("log.logger")).isEqualTo(Json.of("io.earshot.Rooms"));
              assertThat(fields.get("service.name")).isEqualTo(Json.of("earshot"));
            });
    var thrown = new IllegalStateException("it failed");
    assertThat(new String(form.encode(event("a fault", thrown)), UTF_8))
        .hasLineCount(1)
        .contains("\"error.type\":\"java.lang.IllegalStateException\"", "\"error.stack_trace\":");
  }

  @Test
  void a_reader_that_stops_stops_nobody_who_logs_and_learns_how_many_lines_are_missing()
      throws Exception {
    context.setMDCAdapter(new LogbackMDCAdapter());
    var reads = new CountDownLatch(1);
    var written = new ConcurrentLinkedQueue<String>();
    var reader =
        new AppenderBase<ILoggingEvent>() {
          @Override
          protected void append(ILoggingEvent event) {
            try {
              reads.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            written.add(event.getFormattedMessage());
          }
        };
    reader.setContext(context);
    reader.start();
    var queue = new StderrQueue();
    queue.setContext(context);
    queue.addAppender(reader);
    queue.start();
    for (int i = 0; i < 10_000; i++) {
      queue.doAppend(event("line " + i, null)); // would wait for ever
    }
    reads.countDown();
    Await.until("the queue is read", () -> queue.getNumberOfElementsInQueue() == 0);
    queue.doAppend(event("the last", null));
    Await.until("all is read", () -> written.contains("the last"));
    assertThat(written).contains("line 0", "line 4000").doesNotContain("line 9999");
    assertThat(written.toArray(String[]::new)[written.size() - 2])
        .matches("[0-9]{4} lines of the log were left out: nobody read it for too long");
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
    return new LogLine().doLayout(event(message, thrown));
  }

  private LoggingEvent event(String message, @Nullable Throwable thrown) {
    var event =
        new LoggingEvent(
            LogTest.class.getName(),
            context.getLogger("io.earshot.Rooms"),
            Level.WARN,
            message,
            thrown,
            null);
    event.setInstant(Instant.parse("2026-01-02T03:04:05.006Z"));
    return event;
  }
}
