package io.earshot.redis.connection;

import io.earshot.Config;
import io.earshot.config.Pem;
import io.earshot.config.SettingFileException;
import io.lettuce.core.SslOptions;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * The TLS of connections to Redis and its sentinels ({@code rediss://}): the authorities that are
 * trusted, and the certificate that this server shows.
 *
 * <p>Immutable; static methods only.
 */
final class RedisTls {
  private RedisTls() {}

  /**
   * Reads the files of the settings. Each attempt to connect reads them, so that renewed
   * certificates are used without a restart.
   *
   * @throws IllegalStateException if a file cannot be used; the message names the setting
   */
  static SslOptions of(Config.Redis settings) {
    try {
      List<X509Certificate> authorities =
          settings.caFile().isEmpty()
              ? List.of()
              : Pem.certificates("redis.caFile", settings.caFile());
      Pem own =
          settings.certFile().isEmpty()
              ? null
              : Pem.read("redis", settings.certFile(), settings.keyFile());
      return SslOptions.builder()
          .jdkSslProvider()
          .handshakeTimeout(Address.handshake(settings.timeout()))
          .sslContext(
              context -> {
                if (!authorities.isEmpty()) {
                  context.trustManager(authorities);
                }
                if (own != null) {
                  context.keyManager(own.keyManagers());
                }
              })
          .build();
    } catch (SettingFileException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }
}
