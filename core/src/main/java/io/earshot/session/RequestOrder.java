package io.earshot.session;

import io.earshot.Transport;
import io.earshot.connection.LoopContext;
import io.earshot.events.EventKind;
import io.earshot.protocol.Command;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Request;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Pace;
import io.earshot.spi.Refusal;
import io.earshot.spi.Wire;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The incoming half of a client's connection: starts the requests, and pauses reading.
 *
 * <p>A request that concerns a room goes to the room's loop and comes back with its reply.
 * Meanwhile later requests wait, so that each sees the effects of the earlier ones. Only says
 * follow each other without waiting: the room receives them in the order in which they were sent to
 * its loop. When too many requests wait, the transport stops reading, so that the queue stays
 * short.
 *
 * <p>A superclass of {@link ClientConnection} and not a part of it, since an object would cost 24
 * bytes for each connection.
 *
 * <p>Owned by the connection's event loop.
 */
abstract sealed class RequestOrder extends OutboundConnection implements Intake
    permits DetachableConnection {

  /** The transport stops reading when so many requests wait or are under way. */
  private static final int MAX_WAITING = 64;

  /** After so many refused requests the transport stops reading, since a refusal costs, too. */
  private static final int MAX_REFUSED = 64;

  /** The time that the transport stops reading for after {@link #MAX_REFUSED}, in milliseconds. */
  private static final long REFUSED_PAUSE = 100;

  /** The end that follows when all requests are answered, once the input has ended; else null. */
  private @Nullable Ending inputEnding;

  /** The end that follows when all requests are answered, since the server ends it; else null. */
  @Nullable Ending dismissal;

  /** The input ended without a close frame or a request to end. */
  private boolean isLost;

  /** The number of requests read so far. */
  private long requests;

  /** The client's buckets, as {@link Pace} keeps them. */
  private long messagesPaidBy;

  private long bytesPaidBy;

  /** How many requests were refused since the last {@link #REFUSED_PAUSE}. */
  private byte refusedSincePause;

  /** The transport does not read for a while, since the client sends too much. */
  private boolean isPaused;

  /** The transport has stopped reading, until {@link Outbound#resume}. */
  private boolean isStopped;

  private int totalActions;
  private short pendingActions; // at most general.simultaniousActions

  private short underWay; // at most MAX_WAITING
  private boolean onlySaysUnderWay;

  /** A request is starting; the next request starts after that. */
  private boolean isStarting;

  private @Nullable Queue<NumberedRequest> waiting;

  /** Tasks that change the connection's rooms, until no request is under way; null for none. */
  private @Nullable List<Runnable> afterRequests;

  RequestOrder(
      LoopContext context, Outbound outbound, Wire wire, Transport transport, String room) {
    super(context, outbound, wire, transport, room);
  }

  /** A request and its number in the connection, which is assigned when the request is read. */
  record NumberedRequest(Request request, long number) {
    Command command() {
      return request.command();
    }

    @Nullable Json messageId() {
      return request.messageId();
    }

    byte[] encode(Reply reply) {
      return reply.encode(number, messageId());
    }
  }

  /** Executes a request, and then calls {@link #finished} or {@link #reply}. */
  abstract void perform(NumberedRequest request);

  /** The client has sent a request. Called before the request is executed. */
  abstract void asked(Command command);

  /** Ends the connection, which has answered everything that the client sent. */
  abstract void endOfInput(Ending why, boolean isLost);

  /** Sends that the server ends the connection, and ends it. */
  abstract void endDismissed(Ending why);

  // --- from the transport ----------------------------------------------------------------------

  @Override
  public final void handle(Request request) {
    if (!phase.takesRequests()) {
      return;
    }
    asked(request.command());
    var numbered = new NumberedRequest(paced(request), ++requests);
    if (dismissal != null) {
      // By the server, or by server code that closed this connection.
      boolean isShutdown = dismissal.equals(Ending.SHUTDOWN);
      send(
          numbered,
          new Reply.Refused(
              isShutdown ? "the server is shutting down" : "Error: this connection is ending"));
      return;
    }
    if ((waiting == null || waiting.isEmpty()) && mayStart(numbered)) {
      start(numbered);
    } else {
      if (waiting == null) {
        waiting = new ArrayDeque<>();
      }
      waiting.add(numbered);
    }
  }

  /**
   * Counts a request. One that exceeds the rate is replaced by a refusal, which is answered in the
   * order of the requests. A request to end is never refused.
   */
  private Request paced(Request request) {
    if (request.command() instanceof Command.SendSignal && !signalRates().areOff()) {
      long wait = signalRates().take(this);
      return wait == 0 ? request : tooMany(Refusal.SIGNALS, "signals", wait, request);
    }
    Pace pace = engine().messagePace();
    long now = pace.isOff() ? 0 : shard().elapsed();
    long paidBy = pace.spend(messagesPaidBy, now, 1);
    long wait = pace.overdrawn(paidBy, now);
    if (wait > 0 && !(request.command() instanceof Command.Quit)) {
      return tooMany(Refusal.MESSAGES, "messages", wait, request);
    }
    messagesPaidBy = paidBy;
    if (request.command() instanceof Command.Malformed) {
      engine().count(Refusal.MALFORMED);
    }
    return request;
  }

  private Request tooMany(Refusal kind, String what, long wait, Request request) {
    engine().count(kind);
    if (++refusedSincePause == MAX_REFUSED) {
      refusedSincePause = 0;
      pauseReading(REFUSED_PAUSE);
    }
    String why = "Error: too many " + what + "; try again in " + wait + " ms";
    shard().recorder().refused(EventKind.SAY_REFUSED, this, null, why);
    return new Request(new Command.Malformed(why), request.messageId());
  }

  @Override
  public final boolean received(int bytes) {
    Pace pace = engine().bytePace();
    if (!pace.isOff()) {
      long now = shard().elapsed();
      bytesPaidBy = pace.spend(bytesPaidBy, now, bytes);
      long wait = pace.overdrawn(bytesPaidBy, now);
      if (wait > 0 && !isPaused) {
        engine().count(Refusal.BYTES);
        pauseReading(wait);
      }
    }
    return isCongested();
  }

  private void pauseReading(long millis) {
    if (!isPaused) {
      isPaused = true;
      shard()
          .schedule(
              () -> {
                isPaused = false;
                afterWork();
              },
              millis);
    }
  }

  @Override
  public final void charge(int messages) {
    Pace pace = engine().messagePace();
    if (!pace.isOff()) {
      messagesPaidBy = pace.spend(messagesPaidBy, shard().elapsed(), messages);
    }
  }

  @Override
  public final void refused(Refusal kind) {
    engine().count(kind);
  }

  @Override
  public final boolean isCongested() {
    boolean congested = congested();
    isStopped |= congested;
    return congested;
  }

  private boolean congested() {
    return isPaused
        || underWay + (waiting == null ? 0 : waiting.size()) >= MAX_WAITING
        || isBehind();
  }

  @Override
  public final boolean isEnded() {
    return !phase.takesRequests();
  }

  @Override
  public final boolean isGone() {
    return phase.isOver();
  }

  @Override
  public final void drained() {
    catchUp();
    afterWork();
  }

  @Override
  public final void lost(Ending why) {
    isLost = true;
    inputEnded(why);
  }

  @Override
  public final void inputEnded(Ending why) {
    inputEnding = why;
    afterWork();
  }

  // --- one request after the other -------------------------------------------------------------

  private boolean mayStart(NumberedRequest next) {
    return underWay == 0
        || (onlySaysUnderWay && next.command() instanceof Command.Say && underWay < MAX_WAITING);
  }

  private void start(NumberedRequest next) {
    onlySaysUnderWay = next.command() instanceof Command.Say;
    underWay++;
    perform(next);
  }

  /** Makes later says wait for the one that has just started, since hooks are asked about it. */
  final void waitForHooks() {
    onlySaysUnderWay = false;
  }

  /** Holds requests back until {@link #finished}, for work that no request asked for. */
  final void holdRequests() {
    onlySaysUnderWay = false;
    underWay++;
  }

  /** Ends {@link #holdRequests} without starting a request, since the connection ends. */
  final void abandonHold() {
    underWay--;
  }

  /** Ends a request that is answered, or {@link #holdRequests}; starts the requests that waited. */
  final void finished() {
    underWay--;
    if (afterRequests != null && (underWay == 0 || onlySaysUnderWay)) {
      List<Runnable> tasks = afterRequests;
      afterRequests = null;
      tasks.forEach(Runnable::run);
    }
    startWaiting();
  }

  /** Runs a task in which a request may be finished; the next request starts after the task. */
  final void beforeNext(Runnable task) {
    boolean isInner = isStarting;
    isStarting = true;
    try {
      task.run();
    } finally {
      isStarting = isInner;
    }
    if (!isInner) {
      startWaiting();
    }
  }

  private void startWaiting() {
    if (isStarting || waiting == null) {
      afterWork();
      return;
    }
    isStarting = true;
    for (NumberedRequest next = waiting.peek();
        next != null && phase.takesRequests() && mayStart(next);
        next = waiting.peek()) {
      waiting.remove();
      start(next);
    }
    isStarting = false;
    if (waiting.isEmpty()) {
      waiting = null; // most connections never need it again
    }
    afterWork();
  }

  /** Runs a task that changes the connection's rooms, once only says are under way. */
  final void afterRequests(Runnable task) {
    if (underWay > 0 && !onlySaysUnderWay) {
      if (afterRequests == null) {
        afterRequests = new ArrayList<>(1);
      }
      afterRequests.add(task);
    } else {
      task.run();
    }
  }

  /** Drops the requests that have not started. */
  final void forgetWaiting() {
    if (waiting != null) {
      waiting.clear();
    }
  }

  /** Ends the connection if that was decided and nothing is under way; else resumes reading. */
  final void afterWork() {
    if (isEnded()) {
      return;
    }
    boolean isIdle = underWay == 0 && pendingActions == 0 && (waiting == null || waiting.isEmpty());
    if (isIdle && inputEnding != null) {
      endOfInput(inputEnding, isLost);
    } else if (isIdle && dismissal != null) {
      endDismissed(dismissal);
    } else if (isStopped && !congested()) {
      isStopped = false;
      outbound.resume();
    }
  }

  // --- replies ---------------------------------------------------------------------------------

  /** Answers a request and ends it. */
  final void reply(NumberedRequest request, Reply reply) {
    send(request, reply);
    finished();
  }

  /** Answers a request without ending it. */
  final void send(NumberedRequest request, Reply reply) {
    sendSoon(request.encode(reply));
  }

  // --- actions, for which later requests do not wait -------------------------------------------

  final int totalActions() {
    return totalActions;
  }

  final int pendingActions() {
    return pendingActions;
  }

  final void actionStarted() {
    totalActions++;
    pendingActions++;
  }

  /** Sends the answer of an action. */
  final void actionEnded(byte[] answer) {
    pendingActions--;
    send(answer);
    afterWork();
  }
}
