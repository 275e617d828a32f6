package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.server.settings.Assignment;
import io.earshot.server.settings.Settings;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.SettingsFile;
import io.earshot.server.settings.SettingsPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsPageTest {
  private static final Path SHIPPED =
      Path.of(System.getProperty("earshot.root"), "server/src/main/dist/earshot.yaml");

  @TempDir Path folder;

  @Test
  void the_shipped_file_equals_the_output_of_config_for_the_defaults() throws IOException {
    assertThat(Files.readString(SHIPPED))
        .as("write it anew: ./earshot config > server/src/main/dist/earshot.yaml")
        .isEqualTo(Run.of("config").out());
  }

  @Test
  void the_shipped_file_gives_the_defaults_when_read() throws SettingsException {
    List<Assignment> said = SettingsFile.assignments(SHIPPED);
    assertThat(said).hasSameSizeAs(Config.defaults().entries());
    assertThat(Settings.of(said).config()).isEqualTo(Config.defaults());
  }

  @Test
  void the_output_of_config_gives_the_same_settings_when_read() throws Exception {
    Config config =
        Config.defaults()
            .with(
                "general.welcomeMessage", "say \"hi\" \\ \u0007\u0085\u2028\u202e\n\t# é 🎉 : - x")
            .with("general.serverName", "# no comment")
            .with("webSockets.allowedOrigins", List.of("https://a.example", "http://it's,\"b\""))
            .with("tcpServer.idleTimeout", "1500ms")
            .with("httpServer.port", 0);
    Path file = folder.resolve("settings.yaml");
    Files.writeString(file, SettingsPage.of(new Settings(config, Map.of())));
    assertThat(Settings.of(SettingsFile.assignments(file)).config()).isEqualTo(config);
  }

  @Test
  void the_source_of_a_value_is_one_line_whatever_its_name() throws SettingsException {
    Settings settings =
        Settings.of(List.of(new Assignment("general.id", "x", "file a\nb: c, line 1")));
    assertThat(SettingsPage.of(settings))
        .contains("\n  # Set by: file a\\nb: c, line 1\n  id: \"x\"\n");
  }

  @Test
  void no_line_is_wider_than_100_characters() {
    assertThat(Run.of("config").out().lines()).allMatch(line -> line.length() <= 100);
  }
}
