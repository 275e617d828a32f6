package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log of a process that starts: its first line, and if something of the log is missing. */
class StartLogTest {
  private static final Duration START = Duration.ofSeconds(30);

  /** A variable that the server mentions in the first line of its log. */
  private static final String LINK = "EARSHOT_REDIS_PORT";

  @TempDir Path temp;

  @Test
  void the_first_line_has_the_form_of_the_settings() throws Exception {
    try (Program server = stopped(Map.of("EARSHOT_LOG_FORMAT", "json"))) {
      assertThat(server.err()).singleElement().asString().startsWith("{").contains(LINK, "ignored");
    }
  }

  @Test
  void another_set_up_of_logback_replaces_that_of_the_server() throws Exception {
    Path file = temp.resolve("logback.xml");
    Files.writeString(
        file,
        """
        <configuration>
          <appender name="err" class="ch.qos.logback.core.ConsoleAppender">
            <target>System.err</target>
            <encoder><pattern>own: %msg%n</pattern></encoder>
          </appender>
          <root level="INFO"><appender-ref ref="err"/></root>
        </configuration>
        """);
    try (Program server = stopped(Map.of(), "-Dlogback.configurationFile=" + file)) {
      assertThat(server.err())
          .anyMatch(line -> line.startsWith("own: ") && line.contains(LINK))
          .noneMatch(line -> line.contains("SLF4J"));
    }
  }

  @Test
  void a_provider_that_does_not_exist_leaves_the_set_up_of_the_server() throws Exception {
    try (Program server = stopped(Map.of(), "-Dslf4j.provider=no.such.Provider")) {
      assertThat(server.err()).anyMatch(line -> line.contains(" INFO ") && line.contains(LINK));
    }
  }

  @Test
  void a_log_that_cannot_be_loaded_leaves_that_of_the_jdk() throws Exception {
    Path services = Files.createDirectories(temp.resolve("META-INF/services"));
    Files.writeString(services.resolve("java.lang.System$LoggerFinder"), "no.such.Finder");
    try (Program server = stopped(Map.of())) {
      assertThat(server.err()).anyMatch(line -> line.contains("INFO: ") && line.contains(LINK));
    }
  }

  @Test
  void a_refused_setting_is_one_line_while_the_log_starts() throws Exception {
    try (Program server = program(Map.of("EARSHOT_TCPSERVER_PORT", "many"))) {
      assertThat(server.status(START)).isEqualTo(2);
      assertThat(server.out()).isEmpty();
      assertThat(server.err()).singleElement().asString().contains("EARSHOT_TCPSERVER_PORT");
    }
  }

  /** A server that was started, and told to stop as soon as it listened. */
  private Program stopped(Map<String, String> environment, String... options) throws Exception {
    Program server = program(environment, options);
    String line;
    do {
      line = server.line(START);
    } while (!line.contains("Ctrl-C"));
    server.terminate();
    assertThat(server.status(START)).isZero();
    return server;
  }

  private Program program(Map<String, String> more, String... options) throws Exception {
    var environment =
        new HashMap<>(
            Map.of(
                "EARSHOT_TCPSERVER_PORT",
                "0",
                "EARSHOT_HTTPSERVER_PORT",
                "0",
                LINK,
                "tcp://10.0.0.9:6379"));
    environment.putAll(more);
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin/java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("--sun-misc-unsafe-memory-access=allow");
    command.addAll(List.of(options));
    command.add("-cp");
    command.add(temp + ":" + System.getProperty("java.class.path"));
    command.add("io.earshot.server.Main");
    return new Program(temp, environment, command);
  }
}
