package io.earshot.netty.tls;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Keys that follow from a secret: HKDF (RFC 5869) with SHA-256 and without a salt. The JDK has it
 * from version 25 on.
 *
 * <p>Immutable.
 */
final class Hkdf {
  private static final String HMAC = "HmacSHA256";

  private final SecretKeySpec extracted;

  private Hkdf(byte[] extracted) {
    this.extracted = new SecretKeySpec(extracted, HMAC);
  }

  /** Extracts the key (2.2 of the RFC). */
  static Hkdf of(byte[] secret) {
    byte[] salt = new byte[32];
    return new Hkdf(hmac(new SecretKeySpec(salt, HMAC)).doFinal(secret));
  }

  /**
   * Expands the key (2.3 of the RFC).
   *
   * @param info what the result is for
   * @param length the number of bytes, at most 8160
   */
  byte[] derive(String info, int length) {
    Mac hmac = hmac(extracted);
    byte[] derived = new byte[length];
    byte[] block = {};
    for (int at = 0, number = 1; at < length; at += block.length, number++) {
      hmac.update(block);
      hmac.update(info.getBytes(UTF_8));
      block = hmac.doFinal(new byte[] {(byte) number});
      System.arraycopy(block, 0, derived, at, Math.min(block.length, length - at));
    }
    return derived;
  }

  private static Mac hmac(SecretKeySpec key) {
    try {
      Mac hmac = Mac.getInstance(HMAC);
      hmac.init(key);
      return hmac;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(HMAC + " failed", e);
    }
  }
}
