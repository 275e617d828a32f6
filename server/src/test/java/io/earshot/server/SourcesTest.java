package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.earshot.server.settings.Environment;
import io.earshot.server.settings.SettingsException;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

class SourcesTest {
  @TempDir Path folder;

  @Test
  void without_any_source_the_defaults_apply() {
    assertThat(Run.of("config").out()).contains("\n  port: 5000\n").doesNotContain("Set by");
  }

  @Test
  void the_file_overrides_the_defaults() throws IOException {
    String file = file("tcpServer: {port: 1111}");
    assertThat(Run.of("config", "--config", file).out())
        .contains("# Default: 5000\n  # Set by: file " + file + ", line 1\n  port: 1111\n");
  }

  @Test
  void the_environment_overrides_the_file() throws IOException {
    String file = file("tcpServer: {port: 1111}");
    var environment = Map.of("EARSHOT_TCPSERVER_PORT", "2222");
    assertThat(Run.of(environment, "config", "--config", file).out())
        .contains("  # Set by: environment variable EARSHOT_TCPSERVER_PORT\n  port: 2222\n");
  }

  @Test
  void the_command_line_overrides_the_environment() throws IOException {
    String file = file("tcpServer: {port: 1111}");
    var environment = Map.of("EARSHOT_TCPSERVER_PORT", "2222");
    assertThat(Run.of(environment, "config", "--config", file, "--tcp", "3333").out())
        .contains("  # Set by: command line, --tcp\n  port: 3333\n");
    assertThat(Run.of(environment, "config", "--set", "tcpServer.port=4444").out())
        .contains("  # Set by: command line, --set tcpServer.port\n  port: 4444\n");
  }

  @Test
  void of_two_options_the_later_counts() {
    assertThat(Run.of("config", "--tcp", "1", "--set", "tcpServer.port=2").out())
        .contains("\n  port: 2\n");
    assertThat(Run.of("config", "--set", "tcpServer.port=2", "--tcp", "1", "--tcp", "3").out())
        .contains("\n  port: 3\n");
  }

  @Test
  void options_may_stand_before_the_command() {
    assertThat(Run.of("--tcp", "1234", "config").out()).contains("\n  port: 1234\n");
  }

  @Test
  void each_shortcut_sets_what_its_name_says() {
    assertThat(Run.of("config", "--http", "81", "--bind", "127.0.0.1", "--id", "a = b").out())
        .contains("\n  port: 81\n", "\n  id: \"a = b\"\n")
        .containsPattern("(?s)bindIP: \"127.0.0.1\".*bindIP: \"127.0.0.1\"");
  }

  @Test
  void a_value_may_contain_an_equals_sign() {
    assertThat(Run.of("config", "--set", "general.welcomeMessage=1+1=2").out())
        .contains("welcomeMessage: \"1+1=2\"");
  }

  @Test
  void environment_variables_are_read_in_any_case_and_by_the_alias_of_a_setting() {
    assertThat(Run.of(Map.of("earshot_tcpServer_PORT", "7"), "config").out())
        .contains("\n  port: 7\n");
    assertThat(Run.of(Map.of("EARSHOT_GENERAL_SIMULTANEOUSACTIONS", "7"), "config").out())
        .contains("variable EARSHOT_GENERAL_SIMULTANEOUSACTIONS\n  simultaniousActions: 7\n");
  }

  @Test
  void variables_of_the_launcher_and_of_other_programs_are_ignored() {
    var environment =
        Map.of("EARSHOT_JAVA_OPTS", "-Xmx1g", "EARSHOT_JAVA_HOME", "/jdk", "PATH", "/bin");
    assertThat(Run.of(environment, "config").status()).isZero();
  }

  @Test
  void an_unknown_environment_variable_is_refused_with_the_nearest_setting() {
    assertRefused(
        Run.of(Map.of("EARSHOT_TCPSERVER_PROT", "7"), "config"),
        "environment variable EARSHOT_TCPSERVER_PROT: there is no setting 'tcpserver.prot';"
            + " the nearest is 'tcpServer.port'");
  }

  @Test
  void variables_that_a_container_platform_sets_for_a_service_are_ignored() {
    var variables =
        Map.of("EARSHOT_PORT", "tcp://10.0.0.1:5000", "EARSHOT_SERVICE_HOST", "10.0.0.1");
    assertThat(Run.of(variables, "config").out()).isEqualTo(Run.of("config").out());
  }

  @ParameterizedTest
  @CsvSource({
    "EARSHOT_REDIS_PORT, tcp://10.0.0.9:6379",
    "EARSHOT_REDIS_PORT_6379_TCP, tcp://10.0.0.9:6379",
    "EARSHOT_REDIS_PORT_6379_TCP_ADDR, 10.0.0.9",
    "EARSHOT_REDIS_PORT_6379_TCP_PORT, 6379",
    "EARSHOT_REDIS_PORT_6379_TCP_PROTO, tcp",
    "EARSHOT_REDIS_SERVICE_HOST, 10.0.0.9",
    "EARSHOT_REDIS_SERVICE_PORT, 6379",
    "EARSHOT_REDIS_SERVICE_PORT_HTTP, 6379",
    "EARSHOT_REDIS_SENTINEL_SERVICE_HOST, 10.0.0.9",
    "EARSHOT_ADMIN_PORT, udp://10.0.0.9:53",
    "EARSHOT_TCPSERVER_PORT, tcp://10.0.0.9:5000",
    "EARSHOT_TCPSERVER_PORT_5000_TCP, tcp://10.0.0.9:5000",
    "EARSHOT_LIMITS_PORT_53_UDP_ADDR, 10.0.0.9",
    "EARSHOT_PORT, tcp://10.0.0.9:80",
    "EARSHOT_PORT_80_TCP_ADDR, 10.0.0.9",
    "EARSHOT_SERVICE_PORT_HTTP, 80",
    "earshot_redis_port, tcp://10.0.0.9:6379",
    "EARSHOT_REDIS_NAME, /web/redis",
    "EARSHOT_REDIS_ENV_REDIS_VERSION, 7.0",
  })
  void a_service_link_is_ignored_and_named(String name, String value) throws SettingsException {
    Environment environment = Environment.of(Map.of(name, value));
    assertThat(environment.assignments()).isEmpty();
    assertThat(environment.links()).containsExactly(name);
  }

  @ParameterizedTest
  @CsvSource({
    "EARSHOT_TCPSERVER_PORT, tcp, tcpServer.port must be a whole number",
    "EARSHOT_REDIS_PORT, 6379, there is no setting 'redis.port'",
    "EARSHOT_REDIS_URI, redis://h, there is no setting 'redis.uri'; the nearest is 'redis.url'",
    "EARSHOT_REDSI_URL, redis://h, there is no setting 'redsi.url'; the nearest is 'redis.url'",
    "EARSHOT_TCPSEVER_PORT, 5001, there is no setting 'tcpsever.port'; the nearest is 'tcpServer.port'",
  })
  void a_mistyped_variable_is_refused_still(String name, String value, String why) {
    Run run = Run.of(Map.of(name, value), "config");
    assertThat(run.err()).startsWith("earshot: environment variable " + name + ": " + why);
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void a_start_names_the_ignored_service_links_once_and_without_values() throws IOException {
    var logger = (Logger) LoggerFactory.getLogger(EarshotCommand.class);
    var lines = new ListAppender<ILoggingEvent>();
    lines.start();
    logger.addAppender(lines);
    try (var taken = new ServerSocket(0)) {
      var links =
          Map.of("EARSHOT_REDIS_PORT", "tcp://10.0.0.9:6379", "EARSHOT_SERVICE_HOST", "10.0.0.9");
      Run run = Run.of(links, "--http", "0", "--tcp", String.valueOf(taken.getLocalPort()));
      assertThat(run.status()).isEqualTo(1);
    } finally {
      logger.detachAppender(lines);
    }
    assertThat(lines.list)
        .singleElement()
        .extracting(ILoggingEvent::getFormattedMessage)
        .asString()
        .endsWith("container platform: EARSHOT_REDIS_PORT, EARSHOT_SERVICE_HOST");
  }

  @Test
  void settings_that_contradict_each_other_are_refused() {
    assertRefused(
        Run.of(Map.of(), "config", "--set", "webSockets.pingInterval=60s"),
        "webSockets.pingInterval must be shorter than webSockets.idleTimeout; otherwise a silent client is"
            + " disconnected before it is pinged");
    assertRefused(
        Run.of(Map.of(), "config", "--set", "webSockets.allowedOrigins=https://a.example/"),
        "webSockets.allowedOrigins: 'https://a.example/' is not an origin; write it like https://chat.example.org");
  }

  @Test
  void a_name_that_resembles_no_setting_gets_no_suggestion() {
    assertRefused(
        Run.of(Map.of(), "config", "--set", "foo=1"),
        "command line, --set foo: there is no setting 'foo'; ./earshot config lists all settings");
  }

  @Test
  void queues_without_a_time_to_live_are_refused() {
    assertRefused(
        Run.of(Map.of(), "config", "--set", "commonWeb.httpClientMessageTTL=0"),
        "command line, --set commonWeb.httpClientMessageTTL: commonWeb.httpClientMessageTTL must be null or a time"
            + " above 0 such as 500ms, 30s or 5m, not '0'");
  }

  @Test
  void two_environment_variables_for_one_setting_are_refused() {
    assertRefused(
        Run.of(Map.of("EARSHOT_TCPSERVER_PORT", "7", "earshot_tcpserver_port", "8"), "config"),
        "environment variables EARSHOT_TCPSERVER_PORT and earshot_tcpserver_port set the same setting:"
            + " unset one");
  }

  @Test
  void a_server_without_a_port_is_refused() {
    assertRefused(
        Run.of("--set", "tcpServer.enabled=false", "--set", "httpServer.enabled=false"),
        "tcpServer.enabled and httpServer.enabled are both false: leave at least one true");
  }

  private static void assertRefused(Run run, String why) {
    assertThat(run.err()).isEqualTo("earshot: " + why + System.lineSeparator());
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(2);
  }

  private String file(String text) throws IOException {
    return Files.writeString(folder.resolve("settings.yaml"), text).toString();
  }
}
