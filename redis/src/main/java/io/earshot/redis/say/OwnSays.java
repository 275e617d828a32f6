package io.earshot.redis.say;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The last messages that this server has published, which come back to it: it need not check and
 * read what it wrote. A message that is not among them is read like that of any server.
 *
 * <p>Thread-safe: the elements of its array are atomic.
 */
public final class OwnSays {
  /** How many messages are remembered; later ones take the places of earlier ones. */
  private static final int MOST = 2_048;

  /** Longer messages are not remembered, so that memory has a bound. */
  private static final int LONGEST = 2_048;

  private final AtomicReferenceArray<@Nullable Own> own = new AtomicReferenceArray<>(MOST);
  private final byte[] start;

  @SuppressWarnings("ArrayRecordComponent") // not changed
  private record Own(String signedFor, byte[] signed, Post post) {}

  /**
   * No messages yet.
   *
   * @param peer the name of this run of this server
   */
  public OwnSays(String peer) {
    this.start =
        ("{\"p\":" + new String(Json.of(peer).encode(), UTF_8) + ",\"n\":").getBytes(UTF_8);
  }

  /** Remembers a message until it comes back. */
  void add(String signedFor, byte[] signed, Post post) {
    if (signed.length <= LONGEST) {
      own.set(slot(post.origin().number()), new Own(signedFor, signed, post));
    }
  }

  private static int slot(long number) {
    return (int) number & (MOST - 1);
  }

  /**
   * The post that this server has published with the same bytes for the same room, and forgets it;
   * null if there is none.
   *
   * @param message the message that has come
   * @param from where in it the signature begins
   */
  public @Nullable Post take(String signedFor, byte[] message, int from) {
    int json = from;
    while (json < message.length && message[json] != '{') {
      json++; // no signature has a brace
    }
    if (!startsWith(message, json)) {
      return null;
    }
    long number = 0;
    for (int i = json + start.length; i < message.length; i++) {
      int digit = message[i] - '0';
      if (digit < 0 || digit > 9) {
        break;
      }
      number = number * 10 + digit;
    }
    int slot = slot(number);
    Own known = own.get(slot);
    if (known == null
        || !Arrays.equals(known.signed, 0, known.signed.length, message, from, message.length)
        || !known.signedFor.equals(signedFor)) {
      return null;
    }
    own.compareAndSet(slot, known, null);
    return known.post;
  }

  private boolean startsWith(byte[] message, int from) {
    int to = from + start.length;
    return to <= message.length && Arrays.equals(message, from, to, start, 0, start.length);
  }
}
