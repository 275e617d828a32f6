package io.earshot.history;

import io.earshot.protocol.Json;
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

  /** The largest number of messages that are remembered. */
  private static final int MAX_SIZE = 1_000;

  private final long window;
  private final Map<Key, Said> said = new LinkedHashMap<>();

  private record Key(String speaker, Json messageId, int content) {}

  private record Said(long offset, long at) {}

  /** No messages yet; each is remembered for so many milliseconds. */
  public MessageIds(long window) {
    this.window = window;
  }

  /** The offset of the same message; null if it was not published before. */
  public @Nullable Long find(String speaker, Json messageId, Json message, long now) {
    forget(now);
    Said first = said.get(key(speaker, messageId, message));
    return first == null ? null : first.offset;
  }

  public void add(String speaker, Json messageId, Json message, long offset, long now) {
    said.put(key(speaker, messageId, message), new Said(offset, now));
    if (said.size() > MAX_SIZE) {
      said.remove(said.keySet().iterator().next());
    }
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
