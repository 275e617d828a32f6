package io.earshot.events;

import io.earshot.Connection;

/** A connection that events are about. */
public interface Recipient extends Connection {

  /** A hash of the id, which is random; to compute it does not format the id. */
  int idHash();

  /**
   * The number whose 16 hexadecimal digits are the first half of the id; 0, as {@link #idLow}, if
   * the connection keeps its id as text.
   */
  default long idHigh() {
    return 0;
  }

  /** The number whose 16 hexadecimal digits are the second half of the id. */
  default long idLow() {
    return 0;
  }
}
