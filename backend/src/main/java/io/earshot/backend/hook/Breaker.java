package io.earshot.backend.hook;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Spares clients the wait for a back end that is away. After some failures in a row it opens: no
 * request is sent for a while. Then one request at a time tries; the first answer closes it, and
 * each failure makes the next pause twice as long.
 *
 * <p>Thread-safe: a lock, under which nothing waits.
 */
final class Breaker {
  /** After how many failures in a row it opens. */
  static final int FAILURES = 5;

  static final long FIRST_PAUSE = TimeUnit.SECONDS.toNanos(1);
  static final long LONGEST_PAUSE = TimeUnit.SECONDS.toNanos(30);

  private final LongSupplier nanos;
  private int failures;
  private boolean isOpen;
  private boolean isTrying;
  private long pause;
  private long until;

  /** Whether a request may be sent. */
  enum Turn {
    /** It may not. */
    NONE,
    /** It may, as any other. */
    USUAL,
    /** It may, to see whether the back end has come back; no other may meanwhile. */
    TRIAL
  }

  /** How it is, for the operator. */
  enum State {
    CLOSED,
    OPEN,
    TRYING
  }

  /**
   * A closed breaker.
   *
   * @param nanos the clock of durations
   */
  Breaker(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /**
   * Asks for a turn. Unless it is none, {@link #answered}, {@link #failed} or {@link #gaveUp}
   * follows.
   */
  synchronized Turn turn() {
    if (!isOpen) {
      return Turn.USUAL;
    }
    if (isTrying || nanos.getAsLong() - until < 0) {
      return Turn.NONE;
    }
    isTrying = true;
    return Turn.TRIAL;
  }

  /** There was an answer, whatever it says. */
  synchronized void answered() {
    failures = 0;
    isOpen = false;
    isTrying = false;
  }

  /**
   * There was no answer.
   *
   * @return for how long the breaker opens, in nanoseconds; 0 if this failure does not open it
   */
  synchronized long failed(Turn turn) {
    if (turn == Turn.TRIAL) {
      isTrying = false;
    } else if (isOpen) {
      return 0; // asked before it opened
    }
    if (isOpen) {
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    } else if (++failures >= FAILURES) {
      pause = FIRST_PAUSE;
    } else {
      return 0;
    }
    isOpen = true;
    until = nanos.getAsLong() + pause;
    return pause;
  }

  /** The request ended without the back end's doing. */
  synchronized void gaveUp(Turn turn) {
    if (turn == Turn.TRIAL) {
      isTrying = false;
    }
  }

  synchronized State state() {
    if (!isOpen) {
      return State.CLOSED;
    }
    return isTrying ? State.TRYING : State.OPEN;
  }

  /** After how many milliseconds a request may be sent; 0 for now. */
  synchronized long waitMillis() {
    return isOpen ? Math.max(0, TimeUnit.NANOSECONDS.toMillis(until - nanos.getAsLong())) : 0;
  }
}
