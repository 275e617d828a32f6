package io.earshot.stats;

/**
 * Learns how long something took, when it is done. Any thread calls it, event loops too, so no
 * method may block or throw.
 */
public interface StatsListener {

  /**
   * A message was sent to the members on one loop; called for one message in 64.
   *
   * @param nanos the time since the message was admitted, in nanoseconds
   */
  void delivered(long nanos);

  /**
   * A hook or an action has ended.
   *
   * @param work the kind
   * @param name the name of the action; empty for hooks
   * @param outcome how it ended
   * @param nanos how long it took, in nanoseconds; whole milliseconds
   */
  void ran(Work work, String name, RunOutcome outcome, long nanos);

  /**
   * The broker has answered a renewal of this server's lease.
   *
   * @param nanos the time since the request, in nanoseconds
   */
  void brokerAnswered(long nanos);
}
