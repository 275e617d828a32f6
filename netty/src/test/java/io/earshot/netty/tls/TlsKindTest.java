package io.earshot.netty.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

/** Which implementation of TLS a server uses, and what it says about it. */
final class TlsKindTest {
  private static TlsKind choose(Config config) throws IOException {
    return TlsKind.choose(config, false, InstantSource.system());
  }

  @Test
  void the_setting_chooses_the_implementation() throws IOException {
    Config config = Config.defaults();
    assertThat(choose(config).isNative()).isTrue();
    assertThat(choose(config.with("general.tlsProvider", "openssl")).isNative()).isTrue();
    assertThat(choose(config.with("general.tlsProvider", "jdk")).isNative()).isFalse();
  }

  @Test
  void lines_are_encrypted_by_the_jdk_unless_the_setting_says_otherwise() throws IOException {
    Config config = Config.defaults();
    InstantSource clock = InstantSource.system();
    assertThat(TlsKind.choose(config, true, clock).isNative()).isFalse();
    Config openssl = config.with("general.tlsProvider", "openssl");
    assertThat(TlsKind.choose(openssl, true, clock).isNative()).isTrue();
  }

  @Test
  void keys_of_tickets_follow_from_a_long_secret_only() throws IOException {
    Config config = Config.defaults();
    String secret = "x".repeat(32);
    assertThat(choose(config.with("commonWeb.cookieSecret", secret)).ticketSecret())
        .isEqualTo(secret);
    assertThat(choose(config.with("commonWeb.cookieSecret", "x".repeat(31))).ticketSecret())
        .isEmpty();
  }

  @Test
  void the_reason_names_what_is_missing_or_cites_the_system() {
    var missing = new UnsatisfiedLinkError("could not load");
    missing.initCause(new FileNotFoundException("META-INF/native/lib.so"));
    for (Throwable each : new Throwable[] {missing, new ClassNotFoundException("SSLContext")}) {
      assertThat(TlsKind.reason(each))
          .isEqualTo(
              "there is no netty-tcnative-boringssl-static for this system on the class path");
    }
    var all = new IllegalArgumentException("Failed to load any of the given libraries");
    all.addSuppressed(new UnsatisfiedLinkError("/tmp/lib.so: failed to map\nsegment"));
    assertThat(TlsKind.reason(all)).isEqualTo("/tmp/lib.so: failed to map");
  }
}
