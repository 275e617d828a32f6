package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/**
 * What a fault did to the messages of a {@link Load}.
 *
 * <p>Immutable.
 *
 * @param said how many messages were sent
 * @param ok how many were answered OK
 * @param refused how many were answered with an error
 * @param unanswered how many were not answered
 * @param again how often a refused message was repeated
 * @param lost how often a client did not receive a message that was answered OK
 * @param doubled how often a client received a message twice
 * @param reordered how often a client received a message out of order
 * @param gaps how many clients were told that messages are missing
 * @param healed how many seconds it took until messages arrived everywhere again
 * @param details the single findings
 */
record Verdict(
    int said,
    int ok,
    int refused,
    int unanswered,
    int again,
    int lost,
    int doubled,
    int reordered,
    int gaps,
    double healed,
    List<String> details) {

  /** No message was doubled, out of order, or never sent. */
  Verdict isInOrder() {
    assertThat(List.of(doubled, reordered)).as("doubled, reordered: %s", details).containsOnly(0);
    assertThat(details).noneMatch(each -> each.startsWith("strange"));
    return this;
  }

  /** In order, and all messages that were answered OK were received. */
  Verdict isWhole() {
    assertThat(lost).as("lost: %s", details).isZero();
    return isInOrder();
  }

  /** All messages were answered. */
  Verdict isAnswered() {
    assertThat(unanswered).as("unanswered: %s", details).isZero();
    return this;
  }

  /** Messages arrived everywhere again in this time. */
  Verdict isHealedWithin(double seconds) {
    assertThat(healed).as("healed in").isLessThanOrEqualTo(seconds);
    return this;
  }
}
