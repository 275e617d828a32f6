package io.earshot.netty.tls;

import io.earshot.config.Pem;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * The certificate of a port and its key, for all handshakes. It can be replaced, so that a context
 * and what it knows of sessions outlive a certificate.
 *
 * <p>Thread-safe: the pair is replaced as a whole. An alias names one pair, and the pair before is
 * kept for handshakes that have chosen it already.
 */
final class CertifiedKey extends X509ExtendedKeyManager {
  private record Pair(
      String alias, String algorithm, PrivateKey key, List<X509Certificate> chain) {}

  private record Pairs(Pair current, @Nullable Pair previous) {}

  /** Whether a handshake asks by the kind of its cipher alone, which is not always the key's. */
  private final boolean isForAnyKind;

  private volatile Pairs pairs;

  /**
   * The key of a port.
   *
   * @param isForAnyKind whether handshakes get it whatever kind of key they ask for
   */
  CertifiedKey(Pem pem, boolean isForAnyKind) {
    this.isForAnyKind = isForAnyKind;
    this.pairs = new Pairs(pair("1", pem), null);
  }

  private static Pair pair(String alias, Pem pem) {
    return new Pair(
        alias, pem.chain().getFirst().getPublicKey().getAlgorithm(), pem.key(), pem.chain());
  }

  /** Replaces the pair. Called by one thread at a time. */
  void replace(Pem pem) {
    Pair last = pairs.current;
    pairs = new Pairs(pair(Integer.toString(Integer.parseInt(last.alias) + 1), pem), last);
  }

  X509Certificate certificate() {
    return pairs.current.chain.getFirst();
  }

  private @Nullable Pair named(String alias) {
    Pairs now = pairs;
    if (now.current.alias.equals(alias)) {
      return now.current;
    }
    return now.previous != null && now.previous.alias.equals(alias) ? now.previous : null;
  }

  private @Nullable String alias(String algorithm) {
    Pair pair = pairs.current;
    return isForAnyKind || pair.algorithm.equals(algorithm) ? pair.alias : null;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String algorithm, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return alias(algorithm);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String algorithm, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return alias(algorithm);
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    Pair pair = named(alias);
    return pair == null ? null : pair.chain.toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    Pair pair = named(alias);
    return pair == null ? null : pair.key;
  }

  @Override
  public String @Nullable [] getServerAliases(String algorithm, Principal @Nullable [] issuers) {
    String alias = alias(algorithm);
    return alias == null ? null : new String[] {alias};
  }

  @Override
  public String @Nullable [] getClientAliases(String algorithm, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] algorithms, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return null;
  }
}
