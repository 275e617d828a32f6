package io.earshot.spi;

import io.netty.buffer.ByteBuf;

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
   * @param out where to append it
   */
  void frame(byte[] json, ByteBuf out);

  /**
   * What goes over the wire last.
   *
   * @param ending why the connection ends
   * @param out where to append it; left as it is by a wire that knows no such thing
   */
  void end(Ending ending, ByteBuf out);
}
