package io.earshot.spi;

import io.earshot.protocol.Cursor;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * One way to put JSON on a wire. What members of a room are told is encoded once for each wire, and
 * not once for each member.
 *
 * <p>Immutable; one object for each wire, compared by identity.
 */
public interface Wire {

  /**
   * Frames one JSON document.
   *
   * @param json the document, as UTF-8 without line breaks
   * @param place where it is in the order of its room; null for what is no message of a room
   * @param out where to append it
   */
  void frame(byte[] json, @Nullable Cursor place, ByteBuf out);

  /**
   * Frames the first that a client hears.
   *
   * @param json the welcome, as UTF-8 without line breaks
   * @param known up to where the client knows its room once it has read this; null while that
   *     cannot be told
   * @param out where to append it
   */
  default void welcome(byte[] json, @Nullable Cursor known, ByteBuf out) {
    frame(json, null, out);
  }

  /**
   * What goes over the wire last.
   *
   * @param ending why the connection ends
   * @param out where to append it; left as it is by a wire that knows no such thing
   */
  void end(Ending ending, ByteBuf out);
}
