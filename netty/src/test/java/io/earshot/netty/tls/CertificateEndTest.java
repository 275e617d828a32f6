package io.earshot.netty.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.config.Pem;
import io.earshot.netty.testing.Logged;
import io.earshot.netty.testing.Pair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** The warnings of a certificate that ends soon, in virtual time. */
final class CertificateEndTest {
  private Instant now = Instant.EPOCH;

  @Test
  void once_a_day_the_log_says_when_the_certificate_ends() throws Exception {
    Pair pair = Pair.SHARED;
    X509Certificate certificate =
        Pem.read("httpServer", pair.cert().toString(), pair.key().toString()).chain().getFirst();
    Instant end = certificate.getNotAfter().toInstant();
    try (var log = new Logged(CertificateEnd.class)) {
      var watch = new CertificateEnd("httpServer", () -> now);
      now = end.minus(Duration.ofDays(15));
      watch.check(certificate);
      assertThat(log.lines()).isEmpty();
      for (int hours = 14 * 24; hours > 12 * 24; hours -= 2) {
        now = end.minus(Duration.ofHours(hours));
        watch.check(certificate);
      }
      String soon = "httpServer.certFile: the certificate ends at " + end + "; in ";
      assertThat(log.lines())
          .hasSize(2)
          .anyMatch(line -> line.startsWith(soon + "14 days clients cannot connect any more."))
          .anyMatch(line -> line.startsWith(soon + "13 days"));
      now = end;
      watch.check(certificate);
      assertThat(log.lines().getLast())
          .contains("the certificate ended at " + end + "; clients cannot connect.");
    }
  }
}
