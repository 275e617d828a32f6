package io.earshot.explain;

import io.earshot.events.Event;
import io.earshot.events.EventKind;
import io.earshot.protocol.Cursor;
import org.jspecify.annotations.Nullable;

/**
 * The findings where there is no message, or no connection, to tell of.
 *
 * <p>Immutable.
 *
 * @param wallOffset what to add to a time for milliseconds since 1970
 */
record Absence(Question question, Facts facts, long wallOffset) {

  /** No message that is asked for is remembered. */
  Finding finding() {
    Event refused = refusal();
    if (question.offset() == 0 && refused != null) {
      return found(
          Outcome.UNKNOWN,
          0,
          "There is no message to tell of; the last say of "
              + Explainer.name(question, facts)
              + " was refused at "
              + time(refused.at())
              + ": "
              + refused.detail());
    }
    Cursor end = facts.end();
    if (end == null) {
      return found(
          Outcome.NEVER_HEARD_OF,
          question.offset(),
          "The room " + question.room() + " is not open on any server that answered.");
    }
    boolean isOfThisOrder = question.epoch() == null || question.epoch().equals(end.epoch());
    if (isOfThisOrder && question.offset() > end.offset()) {
      return found(
          Outcome.NO_SUCH_MESSAGE,
          question.offset(),
          "There is no message "
              + question.offset()
              + " of "
              + question.room()
              + " yet; the last one is "
              + end.offset()
              + ".");
    }
    if (question.offset() == 0) {
      return found(
          Outcome.NO_SUCH_MESSAGE,
          0,
          question.room() + " has no message that the server remembers" + since());
    }
    return found(
        Outcome.UNKNOWN,
        question.offset(),
        "Unknown: the server remembers messages only since "
            + time(facts.messagesSince())
            + ", and message "
            + question.offset()
            + " of "
            + question.room()
            + " is not among them.");
  }

  private @Nullable Event refusal() {
    Event last = null;
    for (Event event : facts.events()) {
      last = event.kind() == EventKind.SAY_REFUSED ? event : last;
    }
    return last;
  }

  /** No connection is known. */
  Finding neverHeardOf(long offset) {
    return found(
        Outcome.NEVER_HEARD_OF,
        offset,
        "No connection of "
            + (question.user() == null ? question.connection() : "user " + question.user())
            + " is known"
            + since());
  }

  private String since() {
    return "; events are remembered since " + time(facts.eventsSince()) + ".";
  }

  private Finding found(Outcome outcome, long offset, String text) {
    return new Finding(outcome, offset, null, 0, question.connection(), text);
  }

  private String time(long elapsed) {
    return Wording.time(elapsed, wallOffset);
  }
}
