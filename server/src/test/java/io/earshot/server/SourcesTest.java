package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourcesTest {
  @TempDir Path folder;

  @Test
  void without_any_source_the_defaults_hold() {
    assertThat(Run.of("config").out()).contains("\n  port: 5000\n").doesNotContain("This one");
  }

  @Test
  void the_file_has_the_word_over_the_defaults() throws IOException {
    String file = file("tcpServer: {port: 1111}");
    assertThat(Run.of("config", "--config", file).out())
        .contains(
            "# Default: 5000\n  # This one is from: file " + file + ", line 1\n  port: 1111\n");
  }

  @Test
  void the_environment_has_the_word_over_the_file() throws IOException {
    String file = file("tcpServer: {port: 1111}");
    var environment = Map.of("EARSHOT_TCPSERVER_PORT", "2222");
    assertThat(Run.of(environment, "config", "--config", file).out())
        .contains(
            "  # This one is from: environment variable EARSHOT_TCPSERVER_PORT\n  port: 2222\n");
  }

  @Test
  void the_command_line_has_the_word_over_the_environment() throws IOException {
    String file = file("tcpServer: {port: 1111}");
    var environment = Map.of("EARSHOT_TCPSERVER_PORT", "2222");
    assertThat(Run.of(environment, "config", "--config", file, "--tcp", "3333").out())
        .contains("  # This one is from: command line, --tcp\n  port: 3333\n");
    assertThat(Run.of(environment, "config", "--set", "tcpServer.port=4444").out())
        .contains("  # This one is from: command line, --set tcpServer.port\n  port: 4444\n");
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
  void environment_variables_are_known_in_any_case_and_by_the_other_name_of_a_setting() {
    assertThat(Run.of(Map.of("earshot_tcpServer_PORT", "7"), "config").out())
        .contains("\n  port: 7\n");
    assertThat(Run.of(Map.of("EARSHOT_GENERAL_SIMULTANEOUSACTIONS", "7"), "config").out())
        .contains("variable EARSHOT_GENERAL_SIMULTANEOUSACTIONS\n  simultaniousActions: 7\n");
  }

  @Test
  void variables_of_the_launcher_and_of_others_are_let_be() {
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
  void what_a_container_platform_sets_for_a_service_of_this_name_is_not_ours() {
    var variables =
        Map.of("EARSHOT_PORT", "tcp://10.0.0.1:5000", "EARSHOT_SERVICE_HOST", "10.0.0.1");
    assertThat(Run.of(variables, "config").out()).isEqualTo(Run.of("config").out());
  }

  @Test
  void settings_that_do_not_go_together_are_refused() {
    assertRefused(
        Run.of(Map.of(), "config", "--set", "webSockets.pingInterval=60s"),
        "webSockets.pingInterval must be shorter than webSockets.idleTimeout; otherwise a silent client is"
            + " disconnected before it is pinged");
    assertRefused(
        Run.of(Map.of(), "config", "--set", "webSockets.allowedOrigins=https://a.example/"),
        "webSockets.allowedOrigins: 'https://a.example/' is not an origin; write it like https://chat.example.org");
  }

  @Test
  void a_name_like_none_is_given_no_nearest() {
    assertRefused(
        Run.of(Map.of(), "config", "--set", "foo=1"),
        "command line, --set foo: there is no setting 'foo'; ./earshot config lists all settings");
  }

  @Test
  void queues_with_no_time_to_live_are_refused() {
    assertRefused(
        Run.of(Map.of(), "config", "--set", "commonWeb.httpClientMessageTTL=0"),
        "command line, --set commonWeb.httpClientMessageTTL: commonWeb.httpClientMessageTTL must be null or a time"
            + " above 0 such as 500ms, 30s or 5m, not '0'");
  }

  @Test
  void two_environment_variables_for_one_setting_are_refused() {
    assertRefused(
        Run.of(Map.of("EARSHOT_TCPSERVER_PORT", "7", "earshot_tcpserver_port", "8"), "config"),
        "environment variables EARSHOT_TCPSERVER_PORT and earshot_tcpserver_port say the same:"
            + " unset one");
  }

  @Test
  void a_server_that_would_listen_nowhere_is_refused() {
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
