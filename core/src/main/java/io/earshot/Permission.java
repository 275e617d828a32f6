package io.earshot;

/** What a client may do in a room. */
public enum Permission {
  /** Be a member, which receives the room's messages. */
  JOIN,
  /** Say something in the room. */
  SAY,
  /** Receive the room's messages without being a member, or read its history. */
  LISTEN
}
