package io.earshot.room;

import io.earshot.protocol.Json;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The messages of a room that clients gave an id, by that id, so that a repeated message is not
 * delivered again. A repeat has the same client, the same id and the same content. A message with a
 * used id but another content is a new message.
 *
 * <p>Owned by the room's event loop.
 */
public final class MessageIds {

  /** The length of a random UUID without dashes: such an id is unique, and cannot be guessed. */
  private static final int UNIQUE = 32;

  /** The largest number of messages that are remembered. */
  private static final int MAX_SIZE = 1_000;

  private final long window;
  private final Map<Key, Said> said = new LinkedHashMap<>();

  private record Key(String speaker, Json messageId, int content) {}

  private record Said(long offset, long at) {}

  /** No messages yet; each is remembered for so many milliseconds. */
  MessageIds(long window) {
    this.window = window;
  }

  /** The offset of the same message; null if it was not published before. */
  @Nullable Long find(String speaker, Json messageId, Json message, long now) {
    forget(now);
    Said first = said.get(key(speaker, messageId, message));
    return first == null ? null : first.offset;
  }

  void add(String speaker, Json messageId, Json message, long offset, long now) {
    said.put(key(speaker, messageId, message), new Said(offset, now));
    if (said.size() > MAX_SIZE) {
      said.remove(said.keySet().iterator().next());
    }
  }

  /**
   * Whether an id is unique among all clients. A client that lost its connection may use such an id
   * again on another connection, without a session.
   */
  public static boolean isUnique(@Nullable Json messageId) {
    return messageId instanceof Json.Text(String name) && name.length() >= UNIQUE;
  }

  /** A text that is the same for a message and its repeats. */
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
