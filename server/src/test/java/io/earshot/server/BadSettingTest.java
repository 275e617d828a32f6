package io.earshot.server;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.server.settings.Assignment;
import io.earshot.server.settings.Environment;
import io.earshot.server.settings.Settings;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.SettingsFile;
import io.earshot.server.settings.SettingsPage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** A bad value ends in one line that names the setting, and in status 2; no secret is shown. */
class BadSettingTest {
  private static final String SECRET = "hunter2hunter2hunter2hunter2hunter2";

  /** Values that are bad for some settings. */
  private static final List<String> JUNK =
      List.of(
          " ",
          "\u0000",
          "a\nb",
          "::::",
          "\ud800",
          "%zz",
          "http://[",
          "x y z",
          "-1",
          "1e9",
          "99999999999999999999",
          "redis://:" + SECRET + "/@localhost",
          "redis://:" + SECRET + "@localhost?timeuot=5s",
          SECRET,
          SECRET + " HS256 k1",
          "k1 EdDSA -----BEGIN PRIVATE KEY-----" + SECRET);

  /** Settings whose values are any texts, or are checked by the start of a server. */
  private static final Set<String> ANY_TEXT =
      Set.of(
          "general.id",
          "users.idClaim",
          "users.nameClaim",
          "users.infoClaim",
          "users.issuer",
          "users.audience",
          "general.welcomeMessage",
          "general.apiVersion",
          "general.actionsFolder",
          "hooks.http",
          "backEnds.caFile",
          "webhooks.rules",
          "feed.folder",
          "postgres.user",
          "postgres.rooms",
          "postgres.password",
          "tcpServer.certFile",
          "tcpServer.keyFile",
          "httpServer.certFile",
          "httpServer.keyFile",
          "httpServer.publicFolder",
          "commonWeb.cookieSecret",
          "rooms.historyFolder",
          "redis.secret");

  private static final Set<String> SECRETS =
      Set.of(
          "commonWeb.cookieSecret",
          "tokens.keys",
          "redis.url",
          "redis.sentinelPassword",
          "redis.secret",
          "backEnds.secrets",
          "postgres.password",
          "admin.keys",
          "admin.readKeys",
          "metrics.otlpHeaders");

  /** The other settings of Redis count only with an address. */
  private static final Assignment REDIS = new Assignment("redis.url", "rediss://h", "option");

  @TempDir Path folder;
  private Path file;

  @BeforeEach
  void nameFile() {
    file = folder.resolve("settings.yaml");
  }

  static Stream<String> settings() {
    return Config.defaults().entries().stream().map(Config.Entry::path);
  }

  @ParameterizedTest
  @MethodSource("settings")
  void a_bad_value_of_each_setting_is_refused_from_each_source(String path) throws Exception {
    String bad = null;
    for (String junk : JUNK) {
      List<List<Assignment>> sources = sources(path, junk);
      // The sources differ in how they read a value, and not in what they say of it.
      boolean isEachTried = SECRETS.contains(path) || bad == null;
      for (List<Assignment> source : isEachTried ? sources : sources.subList(0, 1)) {
        try {
          var all = new ArrayList<>(source);
          if (path.startsWith("redis.") && !path.equals("redis.url")) {
            all.addFirst(REDIS);
          }
          Settings settings = Settings.of(all);
          if (SECRETS.contains(path) && !(path.equals("redis.url") && junk.equals(SECRET))) {
            assertThat(SettingsPage.of(settings)).doesNotContain(SECRET);
            assertThat(settings.config().toString()).doesNotContain(SECRET);
          }
        } catch (SettingsException e) {
          bad = junk;
          assertRefused(String.valueOf(e.getMessage()), path);
        }
      }
    }
    assertThat(bad != null).as("a value is refused").isNotEqualTo(ANY_TEXT.contains(path));
    if (bad != null) {
      Run run = Run.of("config", "--redis=rediss://localhost", "--set", path + "=" + bad);
      assertThat(run.status()).isEqualTo(2);
      assertThat(run.out()).isEmpty();
      assertThat(run.err()).startsWith("earshot: ").hasLineCount(1);
      assertRefused(run.err(), path);
    }
  }

  private List<List<Assignment>> sources(String path, String value)
      throws IOException, SettingsException {
    Files.writeString(file, path + ": \"" + escaped(value) + "\"\n");
    return List.of(
        List.of(new Assignment(path, value, "option")),
        Environment.of(Map.of(variable(path), value)).assignments(),
        SettingsFile.assignments(file));
  }

  private static void assertRefused(String message, String path) {
    assertThat(message).contains(path).doesNotContain("Exception", "\tat ");
    if (SECRETS.contains(path)) {
      assertThat(message).doesNotContain(SECRET);
    }
  }

  private static String escaped(String text) {
    return text.chars()
        .mapToObj(c -> c < ' ' || c > '~' ? String.format("\\u%04x", c) : String.valueOf((char) c))
        .collect(Collectors.joining());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          general.actionsFolder=F/none                                       | general.actionsFolder
          httpServer.publicFolder=F/none                                     | httpServer.publicFolder: there is no folder F/none
          rooms.historyFolder=F/settings.yaml                                | rooms.historyFolder: F/settings.yaml cannot be used
          tcpServer.secure=true tcpServer.certFile=F/none                    | tcpServer.certFile: there is no file F/none
          httpServer.secure=true httpServer.certFile=F/settings.yaml         | httpServer.certFile: F/settings.yaml has no certificate in PEM
          redis.url=rediss://h redis.caFile=F/none                           | redis.caFile: there is no file F/none
          redis.url=rediss://h redis.caFile=F/settings.yaml                  | redis.caFile: F/settings.yaml has no certificate in PEM
          redis.url=rediss://h redis.certFile=F/none                         | redis.certFile: there is no file F/none
          redis.url=rediss://h redis.keyFile=F/none                          | redis.keyFile is the key of redis.certFile, which is not set
          redis.url=h redis.caFile=F/none                                    | redis.caFile, redis.certFile and redis.keyFile need TLS: write redis.url with rediss://
          redis.url=h redis.sentinelPassword=p                               | redis.sentinelUser and redis.sentinelPassword are for sentinels, and redis.url has none
          redis.url=redis-sentinel://h#x redis.sentinelUser=u                | redis.sentinelUser needs redis.sentinelPassword
          tokens.keys=k1~EdDSA~F/none                              | tokens.keys: F/none cannot be used
          """)
  void a_file_that_cannot_be_used_is_refused_by_a_start(String settings, String why)
      throws IOException {
    Files.writeString(file, "");
    var args = new ArrayList<>(List.of("--tcp", "0", "--http", "0"));
    for (String setting : settings.split(" ", -1)) {
      args.addAll(List.of("--set", inFolder(setting.replace('~', ' '))));
    }
    Run run = Run.of(args.toArray(String[]::new));
    assertThat(run.err()).startsWith("earshot: " + inFolder(why)).hasLineCount(1);
    assertThat(run.status()).isEqualTo(2);
  }

  private String inFolder(String text) {
    return text.replaceAll("\\bF/", folder + "/");
  }

  @Test
  void a_page_of_settings_shows_no_secret_and_is_refused_until_each_has_its_secret()
      throws Exception {
    String key = "0123456789abcdef0123456789abcdef";
    var secrets =
        List.of(
            new String[] {"admin.keys", "ops " + key, "keys: [\"ops ***\"]"},
            new String[] {"admin.readKeys", "eye " + key, "readKeys: [\"eye ***\"]"},
            new String[] {
              "tokens.keys", "k1 HS256 " + key + " and more words", "keys: [\"k1 HS256 ***\"]"
            },
            new String[] {"commonWeb.cookieSecret", SECRET, "cookieSecret: \"***\""},
            new String[] {"redis.secret", SECRET, "secret: \"***\""},
            new String[] {"postgres.password", SECRET, "password: \"***\""},
            new String[] {"backEnds.secrets", "whsec_" + key, "secrets: [\"***\"]"},
            new String[] {
              "metrics.otlpHeaders",
              "Authorization Bearer " + key,
              "otlpHeaders: [\"Authorization ***\"]"
            },
            new String[] {"redis.sentinelPassword", SECRET, "sentinelPassword: \"***\""},
            new String[] {
              "redis.url",
              "redis-sentinel://u:" + SECRET + "@h?sentinelMasterId=m",
              "url: \"redis-sentinel://u:***@h?sentinelMasterId=m\""
            });
    assertThat(secrets.stream().map(each -> each[0]).collect(toSet())).isEqualTo(SECRETS);
    var given = new HashMap<String, String>();
    secrets.forEach(each -> given.put(variable(each[0]), each[1]));
    Run page = Run.of(given, "config");
    assertThat(page.out()).doesNotContain(SECRET, key, "more words");
    for (String[] each : secrets) {
      assertThat(page.out())
          .contains(
              "  # Set by: environment variable "
                  + variable(each[0])
                  + "\n  # Secret, and not shown here: write it instead of ***.\n  "
                  + each[2]
                  + "\n");
    }
    Files.writeString(file, page.out());
    assertThat(Run.of(given, "config", "--config", file.toString()).out()).isEqualTo(page.out());
    for (String[] each : secrets) {
      var rest = new HashMap<>(given);
      rest.remove(variable(each[0]));
      Run start = Run.of(rest, "--config", file.toString());
      int line = page.out().substring(0, page.out().indexOf("\n  " + each[2])).split("\n").length;
      assertThat(start.err())
          .isEqualTo(
              "earshot: file %s, line %d: %s is ***, which ./earshot config shows instead of a secret: write the secret, or set the environment variable %s%n"
                  .formatted(file, line + 1, each[0], variable(each[0])));
      assertThat(start.status()).isEqualTo(2);
    }
  }

  @Test
  void a_rule_that_the_start_refuses_is_one_line_and_status_2() {
    Run run =
        Run.of(
            Map.of("EARSHOT_HOOKS_HTTP", "join,tell * https://app.example.org/"),
            "--tcp=0",
            "--http=0");
    assertThat(run.err())
        .startsWith(
            "earshot: hooks.http: 'join,tell * https://app.example.org/': there is no event")
        .hasLineCount(1);
    assertThat(run.status()).isEqualTo(2);
  }

  private static String variable(String path) {
    return "EARSHOT_" + path.toUpperCase(Locale.ROOT).replace('.', '_');
  }
}
