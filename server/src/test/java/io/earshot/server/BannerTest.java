package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BannerTest {
  @Test
  void the_banner_shows_addresses_and_how_to_try_them() {
    assertThat(banner(Config.defaults(), 5000, 8080).lines())
        .containsExactly(
            "Earshot " + Version.number() + " is listening (pid 1234, started in 0.31 s)",
            "  TCP        nc localhost 5000         then type:  say hello  (help lists more)",
            "  WebSocket  ws://localhost:8080/      then send:"
                + "  {\"event\":\"say\",\"message\":\"hello\"}",
            "  Browser    http://localhost:8080/",
            "  Stop with Ctrl-C.  Settings: ./earshot config   Help: ./earshot help");
  }

  @Test
  void the_banner_shows_the_address_that_the_server_is_bound_to() {
    Config config =
        Config.defaults()
            .with("tcpServer.bindIP", "192.0.2.1")
            .with("httpServer.bindIP", "2001:db8::1");
    assertThat(banner(config, 5000, 8080))
        .contains("nc 192.0.2.1 5000", "ws://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/");
  }

  @Test
  void the_banner_shows_how_to_connect_with_tls() {
    Config config =
        Config.defaults().with("tcpServer.secure", true).with("httpServer.secure", true);
    assertThat(banner(config, 5000, 8080))
        .contains(
            "  TCP        openssl s_client -quiet -connect localhost:5000  then type:  say hello  (help lists more)",
            "wss://localhost:8080/",
            "https://localhost:8080/");
  }

  @Test
  void the_banner_leaves_out_a_port_that_is_off() {
    assertThat(banner(Config.defaults(), 0, 8080)).doesNotContain("TCP");
    assertThat(banner(Config.defaults(), 5000, 0)).doesNotContain("WebSocket", "Browser");
  }

  @Test
  void the_banner_shows_the_port_for_operators() {
    Config config = Config.defaults().with("management.enabled", true);
    assertThat(Banner.of(config, 1234, Duration.ofMillis(310), 5000, 8080, 8081))
        .contains("  Operators  http://localhost:8081/readyz");
  }

  @Test
  void the_time_of_the_start_has_two_digits_after_the_point() {
    assertThat(Banner.seconds(Duration.ofMillis(4))).isEqualTo("0.00");
    assertThat(Banner.seconds(Duration.ofMillis(95))).isEqualTo("0.10");
    assertThat(Banner.seconds(Duration.ofMillis(12_049))).isEqualTo("12.05");
    assertThat(Banner.seconds(Duration.ofSeconds(123))).isEqualTo("123.00");
  }

  private static String banner(Config config, int tcpPort, int httpPort) {
    return Banner.of(config, 1234, Duration.ofMillis(310), tcpPort, httpPort, 0);
  }
}
