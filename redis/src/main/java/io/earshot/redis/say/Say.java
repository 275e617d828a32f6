package io.earshot.redis.say;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker.Terms;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A message that waits for its place.
 *
 * <p>Immutable, but for its place, which is completed once.
 *
 * @param room the names of its room
 * @param message the message, signed
 * @param repeat the key of its message id; null for none
 * @param window how long the message id is remembered, in milliseconds
 * @param place completed with the message's place
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and not changed
record Say(
    RoomNames room,
    Post.Origin origin,
    byte[] message,
    Terms terms,
    @Nullable String repeat,
    long window,
    CompletableFuture<Cursor> place) {

  /** About how many bytes it adds to a call. */
  int size() {
    return message.length + room.keys().length() + room.channel().length() + 160;
  }
}
