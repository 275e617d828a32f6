package io.earshot.backend.webhook;

/**
 * What happened to the requests of a rule.
 *
 * <p>Thread-safe: a lock, held for a few steps.
 */
final class WebhookState {
  private long sent;
  private long failures;
  private long dead;
  private long acceptedAt = Long.MIN_VALUE;
  private long quietUntil = Long.MIN_VALUE;
  private long failingSince = -1;
  private long lastSuccess;
  private long lastErrorAt;
  private String lastError = "";

  /**
   * What is known at one moment.
   *
   * @param sent how many events were accepted
   * @param failures how many requests were not accepted
   * @param dead how many events became dead letters
   * @param isFailing whether the last request was not accepted
   * @param lastSuccess when a request was accepted, in milliseconds since 1970; 0 for never
   * @param lastError why the last failed request was not accepted; empty if none failed
   * @param lastErrorAt when that was, in milliseconds since 1970
   */
  record Snapshot(
      long sent,
      long failures,
      long dead,
      boolean isFailing,
      long lastSuccess,
      String lastError,
      long lastErrorAt) {}

  synchronized Snapshot snapshot() {
    return new Snapshot(
        sent, failures, dead, failingSince >= 0, lastSuccess, lastError, lastErrorAt);
  }

  synchronized void accepted(int events, WebhookClock clock) {
    sent += events;
    acceptedAt = clock.elapsed();
    failingSince = -1;
    lastSuccess = clock.wall();
  }

  synchronized void failed(String why, WebhookClock clock) {
    failures++;
    lastError = why;
    lastErrorAt = clock.wall();
    if (failingSince < 0) {
      failingSince = clock.elapsed();
    }
  }

  synchronized void died(int events) {
    dead += events;
  }

  /** Notes that the back end wants no request before a time by the clock of durations. */
  synchronized void quiet(long until) {
    quietUntil = Math.max(quietUntil, until);
  }

  /** How long the back end wants no request, in milliseconds; 0 or less if it takes requests. */
  synchronized long quiet(WebhookClock clock) {
    return quietUntil == Long.MIN_VALUE ? 0 : quietUntil - clock.elapsed();
  }

  /** Whether a request was accepted since a time by the clock of durations. */
  synchronized boolean hasAcceptedSince(long elapsed) {
    return acceptedAt != Long.MIN_VALUE && acceptedAt >= elapsed;
  }

  /** For how long no request was accepted, in milliseconds; 0 if the last one was. */
  synchronized long failingFor(WebhookClock clock) {
    return failingSince < 0 ? 0 : clock.elapsed() - failingSince;
  }
}
