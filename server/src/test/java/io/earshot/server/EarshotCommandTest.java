package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import java.io.IOException;
import java.net.ServerSocket;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EarshotCommandTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --set general.defaultChatRom=x | command line, --set general.defaultChatRom: there is no setting 'general.defaultChatRom'; the nearest is 'general.defaultChatRoom'
          --set tcpServer.port           | command line, --set tcpServer.port: write it as key=value, such as tcpServer.port=5001
          --set =5                       | command line, --set =5: write it as key=value, such as tcpServer.port=5001
          --tcp many                     | command line, --tcp: tcpServer.port must be a whole number, not 'many'
          --http -1                      | command line, --http: httpServer.port must be from 0 to 65535, not -1
          --config /no/such              | there is no file /no/such: give one that exists to --config
          --config a --config b          | command line, --config: give only one file
          --set redis.secret:hunter2     | command line, --set redis.secret: write it as key=value, such as tcpServer.port=5001
          --redis redis://:a b@localhost | there is no '***@localhost'; ./earshot help shows what there is
          --rediss=redis://:p@localhost  | there is no '--rediss'; ./earshot help shows what there is
          --redis redis-sentinel://h     | command line, --redis: redis.url: the name of the primary is missing (?sentinelMasterId=NAME); write it as redis://HOST:PORT, rediss:// for TLS, redis://USER:PASSWORD@HOST:PORT, redis-sentinel://HOST:PORT,HOST:PORT?sentinelMasterId=NAME, or, for a Redis Cluster, redis://HOST:PORT,HOST:PORT
          --bind 999.1.1.1               | command line, --bind: tcpServer.bindIP: '999.1.1.1' is not an address; write one of this machine such as 127.0.0.1, or * for all
          --nonsense                     | there is no '--nonsense'; ./earshot help shows what there is
          nonsense                       | there is no 'nonsense'; ./earshot help shows what there is
          config nonsense                | there is no 'nonsense'; ./earshot help shows what there is
          config explain                 | write it as: ./earshot config explain ROOM
          token --room r --identity i    | token: no key to sign with; set tokens.keys here and on the servers, such as --set tokens.keys='k1 HS256 SECRET-OF-AT-LEAST-32-CHARACTERS'
          token --room r --identity i --can rule --set commonWeb.cookieSecret=0123456789abcdef0123456789abcdef | token: --can takes join, say, listen, not 'rule'
          token --room r --identity i --for ever --set commonWeb.cookieSecret=0123456789abcdef0123456789abcdef | token: --for must be a time such as 30m, not 'ever'
          --set tokens.keys=k1           | tokens.keys: a key has an id, a kind, and a value; write each as ID HS256 SECRET (at least 32 characters), or ID KIND FILE (PEM) with the kind RS256, ES256 or EdDSA
          """)
  void a_wrong_option_is_one_line_and_status_2(String line, String why) {
    Run run = Run.of(line.split(" "));
    assertThat(run.err()).isEqualTo("earshot: " + why + System.lineSeparator());
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(2);
  }

  @Test
  void a_token_is_signed_with_the_key_of_the_settings() {
    Run run =
        Run.of(
            "token",
            "--room",
            "private.x",
            "--identity",
            "ada",
            "--can",
            "join,listen",
            "--set",
            "tokens.keys=k1 HS256 0123456789abcdef0123456789abcdef");
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    String[] parts = run.out().strip().split("\\.", -1);
    assertThat(parts).hasSize(3);
    var decoder = Base64.getUrlDecoder();
    assertThat(new String(decoder.decode(parts[0]), UTF_8))
        .isEqualTo("{\"alg\":\"HS256\",\"kid\":\"k1\",\"typ\":\"JWT\"}");
    assertThat(new String(decoder.decode(parts[1]), UTF_8))
        .startsWith(
            "{\"room\":\"private.x\",\"sub\":\"ada\",\"can\":[\"join\",\"listen\"],\"exp\":");
  }

  @Test
  void a_room_is_explained_by_its_rule() {
    Run run = Run.of("config", "explain", "prices.eur", "--set", "rooms.rules=prices.* say=nobody");
    assertThat(run.status()).isZero();
    assertThat(run.out())
        .startsWith("# rooms.rules: prices.* say=nobody  (applies)")
        .contains("say=nobody  # the rule", "join=anyone  # the default");
  }

  @Test
  void an_error_about_a_text_of_several_lines_is_one_line() {
    Run run = Run.of("--tcp", "5\nearshot: all is well\u001b[2J");
    assertThat(run.err())
        .isEqualTo(
            "earshot: command line, --tcp: tcpServer.port must be a whole number,"
                + " not '5\\nearshot: all is well\\u001b[2J'"
                + System.lineSeparator());
  }

  @Test
  void a_port_in_use_is_one_line_that_names_the_option_and_status_1() throws IOException {
    try (var taken = new ServerSocket(0)) {
      String port = String.valueOf(taken.getLocalPort());
      Run run = Run.of("--tcp", port, "--http", "0");
      assertThat(run.err())
          .startsWith("earshot: ")
          .contains(port, "in use")
          .endsWith("; choose another with --tcp PORT" + System.lineSeparator())
          .hasLineCount(1);
      assertThat(run.out()).isEmpty();
      assertThat(run.status()).isEqualTo(1);
    }
  }

  @Test
  void an_unresolved_address_is_one_line_that_names_the_option_and_status_1() {
    Run run = Run.of("--tcp", "0", "--http", "0", "--bind", "no.such.host.invalid");
    assertThat(run.err())
        .startsWith("earshot: ")
        .contains("no.such.host.invalid")
        .endsWith("; choose another with --bind ADDRESS" + System.lineSeparator())
        .hasLineCount(1);
    assertThat(run.status()).isEqualTo(1);
  }

  @Test
  void the_remedy_is_the_option_of_the_port_that_the_message_is_about() {
    Config config = Config.defaults();
    assertThat(Serve.remedy(config, "port 5000 is in use")).isEqualTo("--tcp PORT");
    assertThat(Serve.remedy(config, "port 8080 is in use")).isEqualTo("--http PORT");
    assertThat(Serve.remedy(config, "port 50001 is in use")).isEqualTo("--tcp PORT or --http PORT");
    assertThat(Serve.remedy(config, "port 5000 of 192.0.2.1: Cannot assign requested address"))
        .isEqualTo("--bind ADDRESS");
  }

  @Test
  void help_and_version_are_printed_on_stdout() {
    assertThat(Run.of("--help")).isEqualTo(Run.of("help"));
    assertThat(Run.of("help").out())
        .contains("--tcp", "--config", "EARSHOT_JAVA_OPTS", "serve", "./earshot bench")
        .contains("In a package, earshot prepare")
        .containsPattern("config +show the settings in force, as a file for --config\\R")
        .containsPattern("drain +empty a running server and stop it\\R");
    assertThat(Run.of("help", "serve").status()).isZero();
    assertThat(Run.of("serve", "--help").status()).isZero();
    assertThat(Run.of("--version").out()).matches("Earshot \\d+\\.\\d+\\.\\d+\\S* .*\\R");
  }
}
