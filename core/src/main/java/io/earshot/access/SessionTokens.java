package io.earshot.access;

import io.earshot.config.ServerSecret;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The tokens with which lost clients resume their sessions. A token is the id of a connection, a
 * number that grows with each resume, and a proof that this server issued both. So no table of
 * tokens is needed, and to know the public id of a connection is not enough to take it over.
 *
 * <p>Thread-safe: the secret is thread-safe.
 */
public final class SessionTokens {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int ID = 16; // bytes
  private static final int NUMBER = 4; // bytes
  private static final int PROOF = 16; // bytes

  private final ServerSecret secret;

  /** Tokens made with a secret, or with one of those that it replaced. */
  public SessionTokens(ServerSecret secret) {
    this.secret = secret;
  }

  /**
   * What a token stands for.
   *
   * @param id the id of the session, in hexadecimal
   * @param number the number of the token among those of the session
   */
  public record Session(String id, int number) {}

  /** The token for an id and a number. */
  public String token(long idHigh, long idLow, int number) {
    byte[] known =
        ByteBuffer.allocate(ID + NUMBER).putLong(idHigh).putLong(idLow).putInt(number).array();
    byte[] token =
        ByteBuffer.allocate(ID + NUMBER + PROOF)
            .put(known)
            .put(proof(known, secret.all().getFirst()))
            .array();
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
  }

  /** The session of a token, or null if the token was not made with this secret. */
  public @Nullable Session session(String token) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException e) {
      return null;
    }
    if (bytes.length != ID + NUMBER + PROOF) {
      return null;
    }
    byte[] known = Arrays.copyOf(bytes, ID + NUMBER);
    byte[] proof = Arrays.copyOfRange(bytes, ID + NUMBER, bytes.length);
    for (String each : secret.all()) {
      if (MessageDigest.isEqual(proof(known, each), proof)) {
        return new Session(
            HexFormat.of().formatHex(known, 0, ID), ByteBuffer.wrap(known).getInt(ID));
      }
    }
    return null;
  }

  private static byte[] proof(byte[] known, String secret) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      byte[] key = ("session " + secret).getBytes(StandardCharsets.UTF_8);
      mac.init(new SecretKeySpec(key, ALGORITHM));
      return Arrays.copyOf(mac.doFinal(known), PROOF);
    } catch (GeneralSecurityException e) {
      throw new LinkageError("every JDK has " + ALGORITHM, e);
    }
  }
}
