package io.earshot.session;

/** The phases of a connection, from its first request to join to its end. Immutable. */
enum Phase {
  /** It has to log in before anything else, and is in no room. */
  LOGIN,

  /** It is not admitted to its first room yet, and so has no session that could be resumed. */
  OPENING,

  /** It is in its rooms. */
  OPEN,

  /**
   * Its client was lost. It keeps its places in rooms, and sends nothing, until the client resumes
   * the session or the resume window ends.
   */
  DETACHED,

  /** It takes no more requests and leaves its rooms; what they sent before is still sent. */
  LEAVING,

  /** It leaves its rooms, and sends nothing more, since the client does not read. */
  CUT_OFF,

  /** It has sent its last bytes. */
  ENDED;

  /** Whether requests of the client are taken. */
  boolean takesRequests() {
    return this == OPEN || this == OPENING || this == LOGIN;
  }

  /** Whether messages of rooms are sent to the client. */
  boolean sendsMessages() {
    return this == OPEN || this == OPENING || this == LOGIN || this == LEAVING;
  }

  /** Whether the connection is leaving its rooms, or has ended. */
  boolean isOver() {
    return this == LEAVING || this == CUT_OFF || this == ENDED;
  }
}
