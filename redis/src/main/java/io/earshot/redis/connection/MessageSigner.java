package io.earshot.redis.connection;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Signs messages between servers with the setting {@code redis.secret}, and verifies signatures. A
 * signature is valid on one channel only. Without a secret nothing is signed, and every client that
 * may publish in Redis is trusted.
 *
 * <p>Thread-safe: each thread has its own {@link Mac}.
 */
public final class MessageSigner {
  private static final String ALGORITHM = "HmacSHA256";

  /** How many bytes of the HMAC are sent. */
  private static final int MAC_BYTES = 16;

  /** How many characters of Base64 these bytes take. */
  private static final int SIGNATURE_LENGTH = 22;

  private static final byte[] UNSIGNED = {'-', ' '};

  private final @Nullable ThreadLocal<Mac> macs;

  /**
   * Signs with a secret.
   *
   * @param secret the setting; empty to sign nothing
   */
  public MessageSigner(String secret) {
    if (secret.isEmpty()) {
      macs = null;
    } else {
      var key = new SecretKeySpec(("bus " + secret).getBytes(UTF_8), ALGORITHM);
      macs = ThreadLocal.withInitial(() -> mac(key));
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

  /**
   * A secret that follows from another one and from {@code redis.secret}; the same one without
   * {@code redis.secret}. So who reads Redis does not learn it.
   */
  public String mixed(String secret) {
    return macs == null
        ? secret
        : Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(macs.get().doFinal(("secret " + secret).getBytes(UTF_8)));
  }

  /** The message with its signature before it. */
  public byte[] sign(String channel, byte[] json) {
    byte[] signature = macs == null ? UNSIGNED : signature(macs.get(), channel, json);
    byte[] signed = Arrays.copyOf(signature, signature.length + json.length);
    System.arraycopy(json, 0, signed, signature.length, json.length);
    return signed;
  }

  /** The message without its signature, or null if the signature is not valid on this channel. */
  public byte @Nullable [] verify(String channel, byte[] signed) {
    int start = macs == null ? UNSIGNED.length : SIGNATURE_LENGTH + 1;
    if (signed.length < start) {
      return null;
    }
    byte[] json = Arrays.copyOfRange(signed, start, signed.length);
    byte[] signature = macs == null ? UNSIGNED : signature(macs.get(), channel, json);
    return MessageDigest.isEqual(signature, Arrays.copyOf(signed, start)) ? json : null;
  }

  private static byte[] signature(Mac mac, String channel, byte[] json) {
    mac.update(channel.getBytes(UTF_8));
    mac.update((byte) 0);
    byte[] code = Arrays.copyOf(mac.doFinal(json), MAC_BYTES);
    byte[] text = Base64.getUrlEncoder().withoutPadding().encode(code);
    byte[] padded = Arrays.copyOf(text, SIGNATURE_LENGTH + 1);
    padded[SIGNATURE_LENGTH] = ' ';
    return padded;
  }
}
