package io.earshot.spi;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.RoomMessage;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A store of messages that outlasts what rooms remember, such as a database. Clients that read
 * earlier messages get those of a room's memory first, and those before them from here.
 *
 * <p>Thread-safe. No method blocks.
 */
public interface Archive {

  /**
   * Whether messages of a room are stored. Asked on event loops, for each request that reads
   * earlier messages.
   *
   * @param room the room's name
   * @return whether {@link #before} may find some
   */
  boolean keeps(String room);

  /**
   * Reads the newest stored messages before a position. Messages for an audience are left out.
   *
   * @param question what to read
   * @return the messages; completed on any thread, within a bounded time, and failed if the store
   *     cannot be read now
   */
  CompletionStage<Page> before(Question question);

  /**
   * A question for earlier messages.
   *
   * @param room the room's name
   * @param before the position before which the messages are, of any epoch of the room; null for
   *     the newest messages of all
   * @param end the end of the room's order, as this server knows it; null if it knows none
   * @param forgotten the last position of which the room has forgotten the message. The store may
   *     be about to write it: a store that does not have the messages up to it waits a moment for
   *     them. Null if the room has forgotten nothing
   * @param limit the largest number of messages, at least 1
   * @param bytes the most bytes of all messages together; a single longer message is returned alone
   */
  record Question(
      String room,
      @Nullable Cursor before,
      @Nullable Cursor end,
      @Nullable Cursor forgotten,
      int limit,
      int bytes) {}

  /**
   * A message and its place in the room's order.
   *
   * @param json the message, as {@link RoomMessage#encode} writes it
   * @param place the epoch and the offset of the message
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Message(byte[] json, Cursor place) {}

  /**
   * A part of the stored messages.
   *
   * @param messages the messages, the oldest first
   * @param more whether there are messages before these
   */
  record Page(List<Message> messages, boolean more) {
    /** Copies the list. */
    public Page {
      messages = List.copyOf(messages);
    }
  }
}
