package io.earshot.events;

import java.util.Locale;

/** What can happen to a connection, in a room or as a whole. */
public enum EventKind {
  /** It asked to be a member of the room; {@code detail} is the cursor that it showed. */
  JOINED,
  /** It asked to listen to the room; {@code detail} is the cursor that it showed. */
  LISTENED,
  /** Its session was resumed on this connection; {@code detail} is the cursor that it showed. */
  RESUMED,
  /**
   * It receives the room: {@code from} is the first message for it, those up to {@code to} were
   * sent at once, and all later ones as they come. {@code detail} is {@code gap} if it misses
   * messages before that, and {@code recovered} if it misses none.
   */
  SUBSCRIBED,
  /** The last message of the room for it is {@code to}. */
  UNSUBSCRIBED,
  /** Its client was lost after message {@code to}; the room keeps its place. */
  DETACHED,
  /** It is no member any more, after message {@code to}. */
  LEFT,
  /** It does not listen any more, after message {@code to}. */
  SILENCED,
  /** Its session went to another server of the cluster, after message {@code to}. */
  MOVED,
  /** It reads too slowly: messages of the room are left out from now on. */
  LAG_BEGAN,
  /**
   * It reads again; messages from {@code from} to {@code to} were left out, except for those whose
   * offsets {@code detail} names.
   */
  LAG_ENDED,
  /** It read so slowly that it was disconnected. */
  CUT_OFF,
  /** It ended; {@code detail} is the reason, {@code attributes} are those it had. */
  CLOSED,
  /** Its attributes changed; {@code attributes} are those before the change. */
  ATTRIBUTES,
  /** Its say was refused; {@code detail} is the reason. */
  SAY_REFUSED,
  /** A hook changed its say, which is message {@code to}. */
  SAY_CHANGED,
  /** It may not join the room or listen to it; {@code detail} is the reason. */
  JOIN_REFUSED,
  /** The room has message {@code to}; only in traces, never remembered as an event. */
  MESSAGE;

  /** The name in JSON. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
