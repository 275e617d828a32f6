package io.earshot.redis.feed;

import static io.earshot.redis.connection.Utf8.text;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.Post;
import io.earshot.redis.connection.MessageSigner;
import io.earshot.redis.connection.RateLimitedLog;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.SharedFeed.Entry;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Decodes events. One that no server with the same {@code redis.secret} has written is skipped and
 * logged, since any client of Redis can write anything there.
 *
 * <p>Thread-safe: an atomic counter.
 */
final class FeedEntries {
  private static final System.Logger LOG = System.getLogger(FeedEntries.class.getName());

  private final MessageSigner signer;
  private final UnaryOperator<String> signedFor;
  private final RateLimitedLog log;
  private final AtomicLong skipped = new AtomicLong();

  /**
   * Decodes what this signer has signed.
   *
   * @param signedFor what the signature of a message names beside the message, for each room
   */
  FeedEntries(MessageSigner signer, UnaryOperator<String> signedFor, RateLimitedLog log) {
    this.signer = signer;
    this.signedFor = signedFor;
    this.log = log;
  }

  /** The fields of an event that is added to a stream. */
  byte[] signed(String stream, byte[] event) {
    return signer.sign(stream, event);
  }

  /**
   * Decodes an event.
   *
   * @param answer its id, its age and its fields
   * @return the event; null if it is not valid
   */
  @Nullable Entry entry(String stream, List<?> answer) {
    String id = text(answer.get(0));
    String why;
    try {
      Entry entry = entry(stream, id, (Long) answer.get(1), fields((List<?>) answer.get(2)));
      if (entry != null) {
        return entry;
      }
      why = "it is no event that is signed with this server's redis.secret";
    } catch (MalformedJsonException e) {
      why = String.valueOf(e.getMessage());
    }
    long count = skipped.incrementAndGet();
    if (log.isDue("skipped event")) {
      LOG.log(
          Level.WARNING,
          "skipped the entry {0} of the Redis stream {1}: {2}; {3} entries skipped since the start",
          id,
          stream,
          why,
          count);
    }
    return null;
  }

  private @Nullable Entry entry(String stream, String id, long age, Map<String, byte[]> fields)
      throws MalformedJsonException {
    byte[] event = fields.get("v");
    if (event != null) {
      byte[] verified = signer.verify(stream, event);
      return verified == null ? null : new Entry(id, verified, null, null);
    }
    byte[] name = fields.get("r");
    byte[] place = fields.get("a");
    byte[] post = fields.get("p");
    if (name == null || place == null || post == null) {
      return null;
    }
    String room = text(name);
    Cursor at = Cursor.parse(text(place));
    byte[] verified = signer.verify(signedFor.apply(room), post);
    return at == null || verified == null
        ? null
        : new Entry(id, null, room, new Placed(at, Post.parse(verified), age));
  }

  private static Map<String, byte[]> fields(List<?> flat) {
    var fields = HashMap.<String, byte[]>newHashMap(flat.size() / 2);
    for (int i = 0; i + 1 < flat.size(); i += 2) {
      fields.put(text(flat.get(i)), (byte[]) flat.get(i + 1));
    }
    return fields;
  }
}
