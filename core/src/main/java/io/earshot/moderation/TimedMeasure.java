package io.earshot.moderation;

import io.earshot.Measure;

/**
 * A measure, and when it ends on this server. The time in {@link Measure#until} is for people: it
 * is by the wall clock of the server that decided, which may differ from this server's.
 *
 * <p>Immutable.
 *
 * @param end the end, by the clock of durations, in milliseconds
 */
record TimedMeasure(Measure measure, long end) {
  boolean holds(long now) {
    return now < end;
  }
}
