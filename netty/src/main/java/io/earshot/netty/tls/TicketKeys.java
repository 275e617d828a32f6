package io.earshot.netty.tls;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * The keys that encrypt the session tickets of a port, for a context of BoringSSL. The key changes
 * every {@link #PERIOD}, and tickets of the period before are still accepted.
 *
 * <p>With a secret, the keys follow from the secret and the number of the period, so all servers
 * that share the secret accept each other's tickets; the keys of the next period are accepted too,
 * because clocks differ. Without a secret the keys are random and are forgotten after use.
 *
 * <p>Owned by the thread that starts the server, and afterwards by the task that reloads
 * certificates.
 */
final class TicketKeys {
  /** How long a key encrypts new tickets. A ticket is accepted for at most twice as long. */
  static final Duration PERIOD = Duration.ofHours(6);

  private final String section;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();

  /** The secret, or an empty array. */
  private final byte[] secret;

  private List<OpenSslSessionTicketKey> keys = List.of();
  private long period = Long.MIN_VALUE;

  /**
   * The keys of one port.
   *
   * @param section the section of the port's settings; each port has keys of its own
   * @param secret empty for random keys
   */
  TicketKeys(String section, String secret, InstantSource clock) {
    this.section = section;
    this.secret = secret.getBytes(UTF_8);
    this.clock = clock;
  }

  /** Sets the keys of a context, unless it has those of the current period already. */
  void rotate(OpenSslSessionContext context) {
    long now = clock.millis() / PERIOD.toMillis();
    if (now == period) {
      return;
    }
    keys = secret.length == 0 ? random(now == period + 1 ? 1 : 0) : derived(now);
    period = now;
    context.setTicketKeys(keys.toArray(OpenSslSessionTicketKey[]::new));
  }

  private List<OpenSslSessionTicketKey> random(int previous) {
    byte[] bytes = new byte[OpenSslSessionTicketKey.TICKET_KEY_SIZE];
    random.nextBytes(bytes);
    return Stream.concat(Stream.of(key(bytes)), keys.stream().limit(previous)).toList();
  }

  private List<OpenSslSessionTicketKey> derived(long now) {
    Hkdf secrets = Hkdf.of(secret);
    return LongStream.of(now, now - 1, now + 1)
        .mapToObj(number -> "earshot session tickets " + section + ' ' + number)
        .map(info -> secrets.derive(info, OpenSslSessionTicketKey.TICKET_KEY_SIZE))
        .map(TicketKeys::key)
        .toList();
  }

  private static OpenSslSessionTicketKey key(byte[] bytes) {
    int hmac = OpenSslSessionTicketKey.NAME_SIZE;
    int aes = hmac + OpenSslSessionTicketKey.HMAC_KEY_SIZE;
    return new OpenSslSessionTicketKey(
        Arrays.copyOf(bytes, hmac),
        Arrays.copyOfRange(bytes, hmac, aes),
        Arrays.copyOfRange(bytes, aes, bytes.length));
  }
}
