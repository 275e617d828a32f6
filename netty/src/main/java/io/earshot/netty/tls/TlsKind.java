package io.earshot.netty.tls;

import io.earshot.Config;
import io.earshot.config.ServerSecret;
import io.netty.handler.ssl.OpenSsl;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.InstantSource;

/**
 * What the TLS of all ports of a server has in common.
 *
 * <p>Immutable.
 *
 * @param isNative whether BoringSSL encrypts, and not the JDK
 * @param ticketSecret the secret that keys of session tickets follow from; empty for random keys
 * @param clock the time by which these keys change
 */
public record TlsKind(boolean isNative, String ticketSecret, InstantSource clock) {
  private static final System.Logger LOG = System.getLogger(TlsKind.class.getName());

  /**
   * The kind that the settings ask for. Loads the native library, so it is called only for a server
   * with a secure port.
   *
   * @throws IOException if the native library is required and cannot be loaded
   */
  public static TlsKind choose(Config config, InstantSource clock) throws IOException {
    String secret = config.commonWeb().cookieSecret();
    return new TlsKind(
        isNative(config.general().tlsProvider()),
        // The owner of a ticket could find a short secret by trying.
        secret.length() < ServerSecret.SHORTEST_FOR_TOKENS ? "" : secret,
        clock);
  }

  private static boolean isNative(Config.TlsProvider provider) throws IOException {
    if (provider == Config.TlsProvider.JDK) {
      return false;
    }
    if (OpenSsl.isAvailable()) {
      return true;
    }
    String reason = reason(OpenSsl.unavailabilityCause());
    if (provider == Config.TlsProvider.OPENSSL) {
      throw new IOException(
          "general.tlsProvider: BoringSSL cannot be loaded ("
              + reason
              + "); set general.tlsProvider to auto or jdk",
          OpenSsl.unavailabilityCause());
    }
    LOG.log(Level.INFO, "TLS uses the JDK, which is slower: BoringSSL cannot be loaded: " + reason);
    return false;
  }

  /** Why the library cannot be loaded, in one line. */
  static String reason(Throwable cause) {
    // Netty tries several names; the errors about them are attached, the most specific first.
    Throwable[] tried = cause.getSuppressed();
    Throwable first = tried.length == 0 ? cause : tried[0];
    if (first instanceof ClassNotFoundException
        || first.getCause() instanceof FileNotFoundException) {
      return "there is no netty-tcnative-boringssl-static for this system on the class path";
    }
    return String.valueOf(first.getMessage()).lines().findFirst().orElse("");
  }
}
