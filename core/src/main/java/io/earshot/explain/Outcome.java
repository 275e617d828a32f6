package io.earshot.explain;

import java.util.Locale;

/**
 * Whether a client received a message, or why not. Of several connections, the outcome that comes
 * first here counts.
 */
public enum Outcome {
  /** It was sent to the client when the room had it. */
  RECEIVED,
  /** It was sent to the client when the client came, with the earlier messages of the room. */
  RECOVERED,
  /** The client sent it; a sender does not receive its own message. */
  SENDER,
  /** It was left out, since the client read too slowly. */
  LEFT_OUT,
  /** It was for an audience to which the client did not belong. */
  NOT_IN_AUDIENCE,
  /** The client came back with a cursor from which the server could not continue. */
  GAP,
  /** The client's connection was lost before, and the client has not come back for it. */
  CONNECTION_LOST,
  /** The server does not remember enough. */
  UNKNOWN,
  /** The client was not allowed into the room. */
  JOIN_REFUSED,
  /** The client was not in the room at that moment, and did not listen to it. */
  NOT_A_MEMBER,
  /** The room has no such message yet. */
  NO_SUCH_MESSAGE,
  /** The server remembers no connection of this user or id. */
  NEVER_HEARD_OF;

  /** The name in JSON. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The outcome of a name in JSON. */
  static Outcome of(String text) {
    return valueOf(text.toUpperCase(Locale.ROOT));
  }

  /** Whether the client has the message. */
  public boolean isReceived() {
    return this == RECEIVED || this == RECOVERED || this == SENDER;
  }
}
