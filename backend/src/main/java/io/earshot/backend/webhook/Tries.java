package io.earshot.backend.webhook;

import io.earshot.backend.webhook.Answer.Verdict;
import java.util.function.DoubleSupplier;

/**
 * The failed tries of one batch: whether the batch is tried again, when, and when its events are
 * sent apart to find the one that the back end refuses.
 *
 * <p>Owned by the thread that sends the batch.
 */
final class Tries {
  /** So often a batch is refused until it is split, since one of its events may be at fault. */
  private static final int REFUSALS_OF_BATCH = 3;

  /** So often an event alone is refused until it becomes a dead letter. */
  private static final int REFUSALS_OF_EVENT = 5;

  /** The same for failures of the back end, which are more often its own fault. */
  private static final int FAULTS_OF_BATCH = 6;

  private static final int FAULTS_OF_EVENT = 10;

  /** The back end may fail so long at one event, in milliseconds, and accept none meanwhile. */
  private static final long LONGEST_FAULT = 60 * 60_000L;

  private static final long FIRST_PAUSE = 1_000;
  private static final long LONGEST_PAUSE = 10 * 60_000L;

  /** The longest pause that a back end may ask for, in milliseconds. */
  private static final long MOST_RETRY_AFTER = 60 * 60_000L;

  private final WebhookState state;
  private final DoubleSupplier random;
  private int count;
  private int refusals;
  private int faults;

  /** When the first of these refusals and faults came, by the clock of durations. */
  private long began;

  /** What is to be done with a batch that was not accepted. */
  enum Next {
    /** Wait, then send it again. */
    AGAIN,
    /** Send its halves, one after the other. */
    SPLIT,
    /** Make its event a dead letter. */
    GIVE_UP
  }

  Tries(WebhookState state, DoubleSupplier random) {
    this.state = state;
    this.random = random;
  }

  /**
   * Notes a try that failed.
   *
   * @param events how many events the batch has
   * @param now the time by the clock of durations
   */
  Next failed(Verdict verdict, int events, long now) {
    count++;
    if (verdict == Verdict.AWAY) {
      refusals = 0;
      faults = 0;
      return Next.AGAIN;
    }
    if (refusals + faults == 0) {
      began = now;
    }
    if (verdict == Verdict.FAULT) {
      faults++;
    } else {
      refusals++;
    }
    if (events > 1) {
      return refusals >= REFUSALS_OF_BATCH || faults >= FAULTS_OF_BATCH ? Next.SPLIT : Next.AGAIN;
    }
    boolean isPoison =
        faults > 0
            && (now - began >= LONGEST_FAULT
                || (faults >= FAULTS_OF_EVENT && state.hasAcceptedSince(began)));
    return refusals >= REFUSALS_OF_EVENT || isPoison ? Next.GIVE_UP : Next.AGAIN;
  }

  /**
   * The pause before the next try, in milliseconds: twice that of before, at most 10 minutes, and
   * up to half of it less, so that not all batches come at once; or what the back end asks for.
   *
   * @param retryAfter what the back end asks for, in milliseconds; 0 for nothing
   */
  long pause(long retryAfter) {
    if (retryAfter > 0) {
      long asked = Math.clamp(retryAfter, FIRST_PAUSE, MOST_RETRY_AFTER);
      return asked + (long) (random.getAsDouble() * Math.min(asked / 10, FIRST_PAUSE));
    }
    long longest = count > 10 ? LONGEST_PAUSE : Math.min(FIRST_PAUSE << (count - 1), LONGEST_PAUSE);
    return longest - (long) (random.getAsDouble() * longest) / 2;
  }
}
