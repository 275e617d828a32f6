package io.earshot.netty.tls;

import io.earshot.Config;
import io.earshot.config.ServerSecret;
import io.netty.handler.ssl.OpenSsl;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.InstantSource;

/**
 * How a port is encrypted.
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
   * The kind that the settings ask for. Loads the native library if it may be used, so it is called
   * only for a secure port.
   *
   * @param areLines whether the clients of the port speak lines: a program that has sent its last
   *     line may close its sending side and wait for the answers, which BoringSSL does not support
   * @throws IOException if the native library is required and cannot be loaded
   */
  public static TlsKind choose(Config config, boolean areLines, InstantSource clock)
      throws IOException {
    String secret = config.commonWeb().cookieSecret();
    return new TlsKind(
        isNative(config.general().tlsProvider(), areLines),
        // The owner of a ticket could find a short secret by trying.
        secret.length() < ServerSecret.SHORTEST_FOR_TOKENS ? "" : secret,
        clock);
  }

  private static boolean isNative(Config.TlsProvider provider, boolean areLines)
      throws IOException {
    boolean mayBe =
        switch (provider) {
          case AUTO -> !areLines;
          case OPENSSL -> true;
          case JDK -> false;
        };
    if (!mayBe) {
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
