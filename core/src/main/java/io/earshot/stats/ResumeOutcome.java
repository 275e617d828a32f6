package io.earshot.stats;

/** How requests to resume a session end. */
public enum ResumeOutcome {
  /** The client has the session, and has missed nothing in any of its rooms. */
  RECOVERED,
  /**
   * The client has the session, and messages are missing in one of its rooms, or it gave no cursor
   * by which the server could tell.
   */
  GAP,
  /** There is no such session any more, it is another user's, or another server did not answer. */
  REFUSED
}
