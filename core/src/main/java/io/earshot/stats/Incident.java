package io.earshot.stats;

/** What goes wrong with something that has a name, so that an operator can look at it. */
public enum Incident {
  /** A room refuses messages of clients, since there are too many; the name is the room's. */
  ROOM_RATE,
  /** An action took longer than its time limit; the name is the action's. */
  SLOW_ACTION,
  /** A hook took a second or longer; the name is the hook's. */
  SLOW_HOOK,
  /** A request showed a wrong key of the admin API; the name is the client's address. */
  WRONG_KEY,
  /** A token of a room, or of a login, was refused; the name says which of the two. */
  TOKEN
}
