package io.earshot.access;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The tokens with which lost clients resume their sessions. A token is the id of a connection and a
 * proof that this server issued it. So no table of tokens is needed, and to know the public id of a
 * connection is not enough to take it over.
 *
 * <p>Immutable.
 */
public final class SessionTokens {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int ID = 16; // bytes
  private static final int PROOF = 16; // bytes

  private final SecretKeySpec key;

  /** Tokens made with a secret; if it is empty, with a random one that only this process knows. */
  public SessionTokens(String secret) {
    byte[] bytes = ("session " + secret).getBytes(StandardCharsets.UTF_8);
    if (secret.isEmpty()) {
      bytes = new byte[32];
      new SecureRandom().nextBytes(bytes);
    }
    this.key = new SecretKeySpec(bytes, ALGORITHM);
  }

  /** The token for an id. */
  public String token(long idHigh, long idLow) {
    byte[] id = ByteBuffer.allocate(ID).putLong(idHigh).putLong(idLow).array();
    byte[] token = ByteBuffer.allocate(ID + PROOF).put(id).put(proof(id)).array();
    return Base64.getUrlEncoder().withoutPadding().encodeToString(token);
  }

  /** The id of a token in hexadecimal, or null if the token was not made with this secret. */
  public @Nullable String id(String token) {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(token);
    } catch (IllegalArgumentException e) {
      return null;
    }
    if (bytes.length != ID + PROOF) {
      return null;
    }
    byte[] id = Arrays.copyOf(bytes, ID);
    return MessageDigest.isEqual(proof(id), Arrays.copyOfRange(bytes, ID, bytes.length))
        ? HexFormat.of().formatHex(id)
        : null;
  }

  private byte[] proof(byte[] id) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return Arrays.copyOf(mac.doFinal(id), PROOF);
    } catch (GeneralSecurityException e) {
      throw new LinkageError("every JDK has " + ALGORITHM, e);
    }
  }
}
