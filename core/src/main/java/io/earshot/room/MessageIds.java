package io.earshot.room;

import io.earshot.protocol.Json;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was said in a room under which message ids, so that the same said again is not told again.
 * The same is: by the same client, under the same id, with the same words; who uses an id for
 * something else says something else.
 *
 * <p>Owned by the room's event loop.
 */
public final class MessageIds {

  /** As long as a random UUID, which nobody makes twice or guesses. */
  private static final int UNIQUE = 32;

  /** So many are remembered at most, the youngest. */
  private static final int MOST = 1_000;

  private final long window;
  private final Map<Key, Said> said = new LinkedHashMap<>();

  private record Key(String speaker, Json messageId, int words) {}

  private record Said(long offset, long at) {}

  /** How long something is remembered, in milliseconds. */
  MessageIds(long window) {
    this.window = window;
  }

  /** Where something was told already, or null if it was not. */
  @Nullable Long find(String speaker, Json messageId, Json message, long now) {
    forget(now);
    Said first = said.get(key(speaker, messageId, message));
    return first == null ? null : first.offset;
  }

  void add(String speaker, Json messageId, Json message, long offset, long now) {
    said.put(key(speaker, messageId, message), new Said(offset, now));
    if (said.size() > MOST) {
      said.remove(said.keySet().iterator().next());
    }
  }

  /**
   * Whether a message id is nobody else's: it means the same from somebody who lost their
   * connection, and came back as somebody new.
   */
  public static boolean isUnique(@Nullable Json messageId) {
    return messageId instanceof Json.Text(String name) && name.length() >= UNIQUE;
  }

  /** What makes two sayings the same, as a text. */
  public static String name(String speaker, Json messageId, Json message) {
    return speaker
        + ":"
        + new String(messageId.encode(), StandardCharsets.UTF_8)
        + ":"
        + Integer.toHexString(Arrays.hashCode(message.encode()));
  }

  private static Key key(String speaker, Json messageId, Json message) {
    return new Key(speaker, messageId, Arrays.hashCode(message.encode()));
  }

  private void forget(long now) {
    var oldest = said.values().iterator();
    while (oldest.hasNext() && now - oldest.next().at >= window) {
      oldest.remove();
    }
  }
}
