package io.earshot.spi;

import io.earshot.protocol.Cursor;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One wire format for JSON documents. A room frames a message once for each wire, not once for each
 * member.
 *
 * <p>One object for each wire, compared by identity. Called on the event loop of its connections; a
 * wire that compresses has an object for each loop.
 */
public interface Wire {

  /**
   * Frames one JSON document.
   *
   * @param json the document, as UTF-8 without line breaks
   * @param place the place of a message in its room's order; null for other documents
   * @param out the buffer to append to
   */
  void frame(byte[] json, @Nullable Cursor place, ByteBuf out);

  /**
   * Frames a signal: a message without a place in its room's order.
   *
   * @param json the signal, as UTF-8 without line breaks
   * @param out the buffer to append to
   */
  default void signal(byte[] json, ByteBuf out) {
    frame(json, null, out);
  }

  /**
   * Frames a message of the client's inbox. A stream of a room does not continue from its place.
   *
   * @param json the message, as UTF-8 without line breaks
   * @param out the buffer to append to
   */
  default void inbox(byte[] json, ByteBuf out) {
    frame(json, null, out);
  }

  /**
   * Frames the welcome, the first document on a connection.
   *
   * @param json the welcome, as UTF-8 without line breaks
   * @param known the end of the room's order, after which the client receives messages; null while
   *     the server does not know it
   * @param out the buffer to append to
   */
  default void welcome(byte[] json, @Nullable Cursor known, ByteBuf out) {
    frame(json, null, out);
  }

  /**
   * The wire that frames the messages of a batch. A wire that compresses leaves that to {@link
   * #packing}, which sees all messages of the batch.
   *
   * @return this wire, or the one that frames in its place
   */
  default Wire inBatches() {
    return this;
  }

  /**
   * Prepares a batch to be sent in another form than {@link #inBatches} framed it in.
   *
   * @param batch the framed messages, which the caller still owns and does not change any more
   * @return the other forms, to be released by the caller; null if the batch is sent as it is
   */
  default @Nullable Packing packing(ByteBuf batch) {
    return null;
  }

  /**
   * Says when the client is to reconnect, if it is disconnected. A document follows.
   *
   * @param millis after how many milliseconds
   * @param out the buffer to append to; unchanged by a wire whose clients decide that themselves
   */
  default void reconnectAfter(long millis, ByteBuf out) {}

  /**
   * Frames the end of a connection.
   *
   * @param ending why the connection ends
   * @param out the buffer to append to; unchanged by a wire that has no frame for it
   */
  void end(Ending ending, ByteBuf out);
}
