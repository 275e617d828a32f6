package io.earshot.server.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsFileTest {
  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("settings.yaml");
  }

  @Test
  void sections_and_dotted_names_say_the_same() throws Exception {
    Config sections = read("general:\n  serverName: Ears\ntcpServer:\n  port: 7\n");
    Config dotted = read("general.serverName: Ears\ntcpServer.port: 7\n");
    assertThat(sections).isEqualTo(dotted);
    assertThat(sections.tcpServer().port()).isEqualTo(7);
  }

  @Test
  void a_list_may_be_a_list_or_a_text_with_commas() throws Exception {
    var origins = List.of("https://a.example", "https://b.example");
    assertThat(
            read("webSockets:\n  allowedOrigins:\n    - https://a.example\n    - https://b.example")
                .webSockets()
                .allowedOrigins())
        .isEqualTo(origins);
    assertThat(
            read("webSockets.allowedOrigins: https://a.example, https://b.example")
                .webSockets()
                .allowedOrigins())
        .isEqualTo(origins);
  }

  @Test
  void a_text_is_read_as_it_is_written() throws Exception {
    assertThat(read("general.id: 010").general().id()).isEqualTo("010");
    assertThat(read("general.id: on").general().id()).isEqualTo("on");
    assertThat(read("general.id: 2026-01-01").general().id()).isEqualTo("2026-01-01");
    assertThat(read("general.id: \"null\"").general().id()).isEqualTo("null");
  }

  @Test
  void an_empty_file_and_an_empty_section_change_nothing() throws Exception {
    assertThat(read("")).isEqualTo(Config.defaults());
    assertThat(read("# nothing\n")).isEqualTo(Config.defaults());
    assertThat(read("tcpServer:\n  # port: 5\nhttpServer:\n")).isEqualTo(Config.defaults());
  }

  @Test
  void an_unknown_setting_is_refused_with_its_line_and_the_nearest() {
    assertRefused(
        "general:\n  id: a\n  serverNam: b\n",
        "line 3: there is no setting 'general.serverNam'; the nearest is 'general.serverName'");
    assertRefused(
        "genral:\n  serverName: b\n",
        "line 2: 'genral' is not a section; ./earshot config shows those there are");
  }

  @Test
  void a_bad_value_is_refused_with_its_line() {
    assertRefused(
        "\ntcpServer.port: many\n", "line 2: tcpServer.port must be a whole number, not 'many'");
    assertRefused(
        "tcpServer.port: 70000\n", "line 1: tcpServer.port must be from 0 to 65535, not 70000");
    assertRefused(
        "tcpServer.port: [1, 2]\n", "line 1: tcpServer.port must be a whole number, not 'a list'");
    assertRefused(
        "tcpServer: {enabled: yes}\n",
        "line 1: tcpServer.enabled must be true or false, not 'yes'");
  }

  @Test
  void a_setting_without_a_value_is_refused() {
    assertRefused(
        "general:\n  id:\n",
        "line 2: general.id has no value: write one, \"\" for an empty text, or leave it out");
  }

  @Test
  void a_setting_that_is_set_twice_is_refused_however_it_is_written() {
    assertRefused(
        "tcpServer:\n  port: 1\n  port: 2\n",
        "line 3: tcpServer.port is already set on line 2: remove one of the two");
    assertRefused(
        "tcpServer:\n  port: 1\ntcpServer.port: 2\n",
        "line 3: tcpServer.port is already set on line 2: remove one of the two");
    assertRefused(
        "general.simultaniousActions: 1\ngeneral.simultaneousActions: 2\n",
        "line 2: general.simultaneousActions is already set on line 1: remove one of the two");
  }

  @Test
  void text_that_is_not_yaml_is_refused_with_its_line() {
    assertThatThrownBy(() -> read("tcpServer:\n  port: \"1\n"))
        .isInstanceOf(SettingsException.class)
        .hasMessageStartingWith("file " + file + ", line 3: this is not YAML: ");
    assertThatThrownBy(() -> read("tcpServer: 1\n\tport: 1\n"))
        .isInstanceOf(SettingsException.class)
        .hasMessageStartingWith("file " + file + ", line 2: this is not YAML: ");
    assertThatThrownBy(() -> read("general.id: \u0007"))
        .isInstanceOf(SettingsException.class)
        .hasMessageStartingWith("file " + file + " is not YAML: ");
  }

  @Test
  void yaml_that_is_not_settings_is_refused() {
    assertRefused("hello", "line 1: this must be settings such as 'tcpServer.port: 5000'");
    assertRefused("- hello", "line 1: this must be settings such as 'tcpServer.port: 5000'");
    assertRefused("? [a]\n: b\n", "line 1: the name of a setting must be a text");
    assertRefused(
        "webSockets.allowedOrigins: [{a: b}]",
        "line 1: webSockets.allowedOrigins must be a list of texts");
  }

  @Test
  void a_file_that_contains_itself_is_refused() {
    assertThatThrownBy(() -> read("&a {tcpServer: *a}")).isInstanceOf(SettingsException.class);
    assertThatThrownBy(() -> read("tcpServer: &a [*a]")).isInstanceOf(SettingsException.class);
  }

  @Test
  void a_tag_creates_no_object() {
    assertThatThrownBy(() -> read("tcpServer.port: !!java.net.URL [\"http://localhost/\"]"))
        .isInstanceOf(SettingsException.class);
  }

  @Test
  void each_reason_why_a_file_cannot_be_read_has_its_own_message() throws IOException {
    assertThatThrownBy(() -> SettingsFile.assignments(folder.resolve("none.yaml")))
        .hasMessage(
            "there is no file "
                + folder.resolve("none.yaml")
                + ": give one that exists to --config");
    assertThatThrownBy(() -> SettingsFile.assignments(folder))
        .hasMessage("file " + folder + " cannot be read: it is a folder");
    Files.write(file, "general.id: é".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> SettingsFile.assignments(file))
        .hasMessage("file " + file + " is not text in UTF-8");
  }

  private void assertRefused(String text, String why) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(SettingsException.class)
        .hasMessage("file " + file + ", " + why);
  }

  private Config read(String text) throws IOException, SettingsException {
    Files.writeString(file, text);
    return Settings.of(SettingsFile.assignments(file)).config();
  }
}
