package io.earshot.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * What shows that a message on the bus is from a server that knows the secret, and for this
 * channel. Without a secret there is nothing to show, and whoever may publish in Redis is believed.
 *
 * <p>Thread-safe: each thread has a code of its own.
 */
final class Seal {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int PROOF = 16;
  private static final int LENGTH = 22;
  private static final byte[] NONE = {'-', ' '};

  private final @Nullable ThreadLocal<Mac> code;

  Seal(String secret) {
    if (secret.isEmpty()) {
      code = null;
    } else {
      var key = new SecretKeySpec(("bus " + secret).getBytes(UTF_8), ALGORITHM);
      code = ThreadLocal.withInitial(() -> mac(key));
    }
  }

  private static Mac mac(SecretKeySpec key) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return mac;
    } catch (GeneralSecurityException e) {
      throw new LinkageError("every JDK has " + ALGORITHM, e);
    }
  }

  /** The bytes with what shows where they are from. */
  byte[] seal(String channel, byte[] json) {
    byte[] proof = code == null ? NONE : proof(code.get(), channel, json);
    byte[] sealed = Arrays.copyOf(proof, proof.length + json.length);
    System.arraycopy(json, 0, sealed, proof.length, json.length);
    return sealed;
  }

  /** What is in it, or null if it is not from where it should be. */
  byte @Nullable [] open(String channel, byte[] sealed) {
    int start = code == null ? NONE.length : LENGTH + 1;
    if (sealed.length < start) {
      return null;
    }
    byte[] json = Arrays.copyOfRange(sealed, start, sealed.length);
    byte[] proof = code == null ? NONE : proof(code.get(), channel, json);
    return MessageDigest.isEqual(proof, Arrays.copyOf(sealed, start)) ? json : null;
  }

  private static byte[] proof(Mac mac, String channel, byte[] json) {
    mac.update(channel.getBytes(UTF_8));
    mac.update((byte) 0);
    byte[] proof = Arrays.copyOf(mac.doFinal(json), PROOF);
    byte[] text = Base64.getUrlEncoder().withoutPadding().encode(proof);
    byte[] padded = Arrays.copyOf(text, LENGTH + 1);
    padded[LENGTH] = ' ';
    return padded;
  }
}
