package io.earshot.netty.tls;

import java.lang.System.Logger.Level;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/**
 * Warns once a day of a certificate that ends soon, or has ended.
 *
 * <p>Owned by whoever checks it; one thread at a time.
 */
final class CertificateEnd {
  private static final System.Logger LOG = System.getLogger(CertificateEnd.class.getName());
  private static final Duration SOON = Duration.ofDays(14);
  private static final Duration AGAIN = Duration.ofDays(1);

  private final String section;
  private final InstantSource clock;
  private Instant nextWarning = Instant.MIN;

  /**
   * No warning so far.
   *
   * @param section the section of the settings that name the certificate
   */
  CertificateEnd(String section, InstantSource clock) {
    this.section = section;
    this.clock = clock;
  }

  /** Warns if it is time to. */
  void check(X509Certificate certificate) {
    Instant now = clock.instant();
    Instant end = certificate.getNotAfter().toInstant();
    if (now.isBefore(end.minus(SOON)) || now.isBefore(nextWarning)) {
      return;
    }
    nextWarning = now.plus(AGAIN);
    boolean isOver = !now.isBefore(end);
    LOG.log(
        isOver ? Level.ERROR : Level.WARNING,
        "{0}.certFile: the certificate {1} at {2}; {3}. A new file is read without a restart.",
        section,
        isOver ? "ended" : "ends",
        end.toString(),
        isOver
            ? "clients cannot connect"
            : "in " + ChronoUnit.DAYS.between(now, end) + " days clients cannot connect any more");
  }
}
