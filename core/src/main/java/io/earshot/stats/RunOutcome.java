package io.earshot.stats;

/** How a call of an action or a hook ends. */
public enum RunOutcome {
  /** It answered, or allowed the request. */
  OK,
  /** It refused the request; or it was not called: too many run, or a parameter is missing. */
  REFUSED,
  /** It failed with an exception, which is in the log. */
  ERROR,
  /** It took longer than its time limit. */
  TIMEOUT,
  /** The client left, and the call was interrupted. */
  CANCELLED
}
