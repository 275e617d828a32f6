package io.earshot.redis;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.protocol.Post;
import io.earshot.protocol.Signal;
import io.earshot.redis.connection.MessageSigner;
import io.earshot.redis.connection.RateLimitedLog;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/**
 * Decodes messages that other servers have signed. A message that is not valid is dropped and
 * logged, since any client of Redis can write anything there.
 *
 * <p>Thread-safe: the signer and the log are thread-safe.
 */
final class MessageDecoder {
  private static final System.Logger LOG = System.getLogger(MessageDecoder.class.getName());

  private static final String UNSIGNED = "it is not signed with this server's redis.secret";

  private final MessageSigner signer;
  private final RateLimitedLog log;

  MessageDecoder(MessageSigner signer, RateLimitedLog log) {
    this.signer = signer;
    this.log = log;
  }

  /** Decodes a message of a room; null if the message is not valid. */
  @Nullable Post post(String channel, byte[] signed) {
    byte[] json = signer.verify(channel, signed);
    if (json == null) {
      drop(channel, UNSIGNED);
      return null;
    }
    try {
      return Post.parse(json);
    } catch (MalformedJsonException e) {
      drop(channel, String.valueOf(e.getMessage()));
    }
    return null;
  }

  /** Decodes a signal to a room; null if it is not valid. */
  Signal.@Nullable Sent signal(String channel, byte[] signed) {
    byte[] json = signer.verify(channel, signed);
    if (json == null) {
      drop(channel, UNSIGNED);
      return null;
    }
    try {
      return Signal.Sent.parse(json);
    } catch (MalformedJsonException e) {
      drop(channel, String.valueOf(e.getMessage()));
    }
    return null;
  }

  /** Decodes a message from server to server; null if the message is not valid. */
  Json.@Nullable Obj peerMessage(String channel, byte[] signed) {
    byte[] json = signer.verify(channel, signed);
    try {
      if (json != null && Json.parseEncoded(json) instanceof Json.Obj fields) {
        return fields;
      }
    } catch (MalformedJsonException e) {
      // Dropped below like any other message that is not valid.
    }
    drop(channel, "it is not a message of a server with the same redis.secret");
    return null;
  }

  /** Logs that a message was dropped, at most once in a while. */
  void drop(String channel, String why) {
    if (log.isDue("dropped message")) {
      LOG.log(
          Level.WARNING,
          "dropped a message on the Redis channel {0}: {1}",
          channel.replaceAll("\\p{Cntrl}", "?"),
          why);
    }
  }
}
