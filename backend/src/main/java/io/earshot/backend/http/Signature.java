package io.earshot.backend.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;

import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs requests as the specification <a href="https://www.standardwebhooks.com">Standard
 * Webhooks</a> says: HMAC-SHA256 over the id, the time and the body.
 *
 * <p>Immutable.
 */
public final class Signature {
  private static final String ALGORITHM = "HmacSHA256";

  private final List<SecretKeySpec> keys;

  /**
   * Signs with one or several secrets.
   *
   * @param secrets each {@code whsec_} and base64
   * @throws IllegalArgumentException if one is not
   */
  public Signature(List<String> secrets) {
    this.keys = secrets.stream().map(Signature::key).toList();
  }

  private static SecretKeySpec key(String secret) {
    try {
      return new SecretKeySpec(
          Base64.getDecoder().decode(secret.substring("whsec_".length())), ALGORITHM);
    } catch (IllegalArgumentException | StringIndexOutOfBoundsException e) {
      // Not the cause, which may quote the secret.
      throw new IllegalArgumentException("backEnds.secrets: a secret is whsec_ and base64");
    }
  }

  /** Whether there is a secret. */
  public boolean isOn() {
    return !keys.isEmpty();
  }

  /**
   * The value of the header {@code webhook-signature}: a signature for each secret.
   *
   * @param seconds the time of the request, in seconds since 1970
   */
  public String of(String id, long seconds, byte[] body) {
    byte[] head = (id + "." + seconds + ".").getBytes(UTF_8);
    return keys.stream().map(key -> "v1," + signed(key, head, body)).collect(joining(" "));
  }

  private static String signed(SecretKeySpec key, byte[] head, byte[] body) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      mac.update(head);
      return Base64.getEncoder().encodeToString(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new LinkageError("every JDK has " + ALGORITHM, e);
    }
  }
}
