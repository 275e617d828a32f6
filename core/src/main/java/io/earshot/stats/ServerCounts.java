package io.earshot.stats;

import io.earshot.Transport;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * What a server counts apart from the path of messages: connections, resumed sessions, hooks and
 * actions. It also hands durations to listeners.
 *
 * <p>Thread-safe: adders, and a list of listeners that is copied when it changes.
 */
public final class ServerCounts {
  private final Counts<Transport> opened = new Counts<>(Transport.class);
  private final Counts<Transport> ended = new Counts<>(Transport.class);
  private final Counts<CloseReason> closed = new Counts<>(CloseReason.class);
  private final Counts<ResumeOutcome> resumed = new Counts<>(ResumeOutcome.class);
  private final Counts<ResumeOutcome> movedHere = new Counts<>(ResumeOutcome.class);
  private final Map<Work, Counts<RunOutcome>> runs = new EnumMap<>(Work.class);
  private final List<StatsListener> listeners = new CopyOnWriteArrayList<>();

  /**
   * All counters are 0.
   *
   * @param loops the event loops whose latencies the listeners learn
   */
  public ServerCounts(List<LoopStats> loops) {
    for (Work work : Work.values()) {
      runs.put(work, new Counts<>(RunOutcome.class));
    }
    loops.forEach(
        loop -> loop.tellTo(nanos -> listeners.forEach(listener -> listener.delivered(nanos))));
  }

  // --- counting --------------------------------------------------------------------------------

  /**
   * A connection has begun.
   *
   * @param transport its transport
   */
  public void opened(Transport transport) {
    opened.count(transport);
  }

  /**
   * A connection has ended, whether or not its session stays.
   *
   * @param transport its transport
   * @param reason why it ended
   */
  public void closed(Transport transport, CloseReason reason) {
    ended.count(transport);
    closed.count(reason);
  }

  /**
   * A request to resume a session is answered.
   *
   * @param outcome the answer
   * @param isFromElsewhere whether the session was asked for on another server
   */
  public void resumed(ResumeOutcome outcome, boolean isFromElsewhere) {
    (isFromElsewhere ? movedHere : resumed).count(outcome);
  }

  /**
   * A hook or an action was not called.
   *
   * @param work the kind
   */
  public void notRun(Work work) {
    runs(work).count(RunOutcome.REFUSED);
  }

  /**
   * A hook or an action has ended.
   *
   * @param work the kind
   * @param name the name of the action; empty for hooks
   * @param outcome how it ended
   * @param millis how long it took, in milliseconds
   */
  public void ran(Work work, String name, RunOutcome outcome, long millis) {
    runs(work).count(outcome);
    listeners.forEach(listener -> listener.ran(work, name, outcome, millis * 1_000_000));
  }

  /**
   * The broker has answered a renewal of this server's lease.
   *
   * @param nanos the time since the request, in nanoseconds
   */
  public void brokerAnswered(long nanos) {
    listeners.forEach(listener -> listener.brokerAnswered(nanos));
  }

  // --- reading ---------------------------------------------------------------------------------

  /**
   * The connections that have begun.
   *
   * @return the counters, by transport
   */
  public Counts<Transport> opened() {
    return opened;
  }

  /**
   * The connections that are open.
   *
   * @param transport their transport
   * @return their number
   */
  public long open(Transport transport) {
    // Ends first: a connection that begins and ends between the two must not make it less than 0.
    long over = ended.get(transport);
    return opened.get(transport) - over;
  }

  /**
   * The connections that are open, on all transports.
   *
   * @return their number
   */
  public long open() {
    long over = ended.sum();
    return opened.sum() - over;
  }

  /**
   * The connections that have ended.
   *
   * @return the counters, by reason
   */
  public Counts<CloseReason> closed() {
    return closed;
  }

  /**
   * The requests to resume a session.
   *
   * @param isFromElsewhere those for sessions that were asked for on another server, or the others
   * @return the counters, by outcome
   */
  public Counts<ResumeOutcome> resumed(boolean isFromElsewhere) {
    return isFromElsewhere ? movedHere : resumed;
  }

  /**
   * The calls of actions, or of one kind of hooks.
   *
   * @param work the kind
   * @return the counters, by outcome
   */
  public Counts<RunOutcome> runs(Work work) {
    return Objects.requireNonNull(runs.get(work));
  }

  /**
   * Adds a listener, which learns of the durations of later events.
   *
   * @param listener the listener
   */
  public void addListener(StatsListener listener) {
    listeners.add(listener);
  }

  /**
   * Removes a listener.
   *
   * @param listener a listener that was added
   */
  public void removeListener(StatsListener listener) {
    listeners.remove(listener);
  }
}
