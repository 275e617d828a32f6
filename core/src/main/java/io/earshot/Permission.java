package io.earshot;

/** A permission of a client in a room. */
public enum Permission {
  /** Be a member, which receives the room's messages. */
  JOIN,
  /** Send a message to the room. */
  SAY,
  /** Receive the room's messages without being a member, or read its history. */
  LISTEN
}
