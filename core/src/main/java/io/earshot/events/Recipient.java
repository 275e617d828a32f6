package io.earshot.events;

import io.earshot.Connection;

/** A connection that events are about. */
public interface Recipient extends Connection {

  /** A hash of the id, which is random; to compute it does not format the id. */
  int idHash();
}
