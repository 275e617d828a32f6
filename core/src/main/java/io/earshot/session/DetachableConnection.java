package io.earshot.session;

import io.earshot.Config;
import io.earshot.FeedEvent;
import io.earshot.Transport;
import io.earshot.connection.LoopContext;
import io.earshot.events.EventKind;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.protocol.User;
import io.earshot.spi.Ending;
import io.earshot.spi.Outbound;
import io.earshot.spi.Refusal;
import io.earshot.spi.Wire;
import io.earshot.stats.CloseReason;
import io.earshot.stats.Closings.Closing;
import io.earshot.stats.Counter;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The end of a client's connection. When the client was lost, the connection is detached instead of
 * ended: it stays in its rooms for a while, so that its session can be resumed, or so that its user
 * can be back on another connection.
 *
 * <p>A superclass of {@link ClientConnection}, for the reason that {@link RequestOrder} gives.
 *
 * <p>Owned by the connection's event loop.
 */
abstract sealed class DetachableConnection extends RequestOrder permits ClientConnection {
  /** The reason of a connection that ended without one. */
  private static final String LOST = "the connection was lost";

  /** The connection that has taken over the session of this one; null for none. */
  @Nullable ClientConnection heir;

  /** Whether consumers of the feed know this client as connected. */
  private boolean isConnected;

  DetachableConnection(
      LoopContext context, Outbound outbound, Wire wire, Transport transport, String room) {
    super(context, outbound, wire, transport, room);
  }

  /** Whether the connection receives its first room, and is not announced there yet. */
  abstract boolean isUnannounced();

  /** Whether the client cannot send requests, such as one to resume a session. */
  final boolean isStream() {
    return transport() == Transport.STREAM;
  }

  // --- a lost client ---------------------------------------------------------------------------

  /** Whether the connection stays in its rooms for a while after its client is lost. */
  private boolean isKept() {
    return phase == Phase.OPEN
        && !isUnannounced()
        && dismissal == null
        && retention() > 0
        && engine().mayDetach();
  }

  /** How long the connection stays in its rooms then, in milliseconds; 0 to leave at once. */
  private long retention() {
    Config config = engine().config();
    boolean canResume = engine().sessions() != null && !isStream();
    Duration window = canResume ? config.general().resumeWindow() : Duration.ZERO;
    Duration grace = user() == null ? Duration.ZERO : config.users().leaveGrace();
    return Math.max(window.toMillis(), grace.toMillis());
  }

  /** Whether the user of a client that ended its connection may be about to reload a page. */
  private boolean isReload(Ending why) {
    return user() != null && (isStream() || why.code() == Ending.Code.GOING_AWAY.number());
  }

  /** Keeps the places in rooms for a while, without receiving messages. */
  private void detach(@Nullable Ending why) {
    phase = Phase.DETACHED;
    forgetWaiting();
    // Later, since the caller may be in the middle of a fan-out to this connection.
    shard()
        .later(
            () -> {
              places()
                  .forEach(
                      place ->
                          engine().rooms().in(place.room, room -> room.detach(place), () -> {}));
              if (why != null) {
                finish(null, why);
              }
            });
    engine().addDetached(1);
    engine().connections().lose(this);
    remember(why == null ? LOST : why.reason());
    shard().schedule(this::endSession, retention());
  }

  /** Ends a detached session, which was not resumed. */
  final void endSession() {
    if (phase == Phase.DETACHED) {
      String why = "the client did not come back in time";
      recordEnd(why);
      endDetached();
      endSilently(why);
    }
  }

  private void recordEnd(String why) {
    shard().recorder().addWith(EventKind.CLOSED, this, attributes(), why);
  }

  private void endDetached() {
    phase = Phase.ENDED;
    engine().addDetached(-1);
  }

  /** Whether the session can be handed over: a connection that ends gives up its session itself. */
  final boolean hasSession() {
    return phase == Phase.DETACHED || (!isGone() && dismissal == null);
  }

  /** Ends this connection without its session: it sends nothing to rooms and leaves none. */
  final void endWithoutSession() {
    if (phase == Phase.DETACHED) {
      endDetached();
    } else {
      phase = Phase.LEAVING; // the client is back before its loss was noticed
      forgetWaiting();
      shard().later(() -> sendLast(null, Ending.RESUMED));
    }
  }

  // --- what consumers of the feed are told -----------------------------------------------------

  /** The client is admitted. */
  final void tellConnected() {
    isConnected = true;
    shard().feed().client(FeedEvent.Type.CONNECTED, null, this, Map.of());
  }

  /** The client is gone; nothing happens if that was told. */
  final void tellDisconnected(String reason) {
    if (isConnected) {
      isConnected = false;
      var more = Map.of("reason", reason);
      shard().feed().client(FeedEvent.Type.DISCONNECTED, null, this, more);
    }
  }

  /** The client goes on with a session that is known as connected. */
  final void takeConnected() {
    isConnected = true;
  }

  // --- the end ---------------------------------------------------------------------------------

  @Override
  public final void endSilently() {
    endSilently("the connection that was to resume the session was lost");
  }

  private void endSilently(String why) {
    engine().forget(this);
    leaveAll(() -> {});
    tellDisconnected(why);
  }

  /** Ends a connection that may not be in any room, whatever the client has requested meanwhile. */
  final void turnAway(String why) {
    abandonHold();
    disconnect(why);
  }

  @Override
  final void endOfInput(Ending why, boolean isLost) {
    if (isLost) {
      countClosed(CloseReason.LOST);
    }
    if ((isLost || isReload(why)) && isKept()) {
      detach(why);
    } else {
      end(why);
    }
  }

  @Override
  final void endDismissed(Ending why) {
    @Nullable Long again = why.equals(Ending.SHUTDOWN) ? engine().reconnectAfter() : null;
    if (again != null) {
      sendReconnectAfter(again);
    }
    // The reply to no request, and so without a number.
    end(Phase.LEAVING, new Reply.Bye(why.reason(), again).toJson(0, null), why);
  }

  @Override
  public final void dismiss(Ending why) {
    if (why.equals(Ending.IDLE) && dismissal == null && !isEnded()) {
      engine().count(Refusal.IDLE);
    }
    if (phase == Phase.DETACHED) {
      endSession();
    } else if (why.equals(Ending.IDLE) && isKept()) {
      lost(why);
    } else if (dismissal == null) {
      dismissal = why;
      afterWork();
    }
  }

  @Override
  public final void close(String reason) {
    tell(() -> dismiss(Ending.closed(reason)));
  }

  @Override
  public final void disconnect(String reason) {
    if (phase == Phase.DETACHED) {
      endSession();
    } else {
      end(Phase.LEAVING, new Reply.Bye(reason, null).toJson(0, null), Ending.refused(reason));
    }
  }

  /** Ends the connection at the client's request. */
  final void endByRequest(NumberedRequest request) {
    Reply bye = new Reply.Bye(Ending.REQUESTED.reason(), null);
    end(Phase.LEAVING, bye.toJson(request.number(), request.messageId()), Ending.REQUESTED);
  }

  @Override
  public final void end(Ending why) {
    if (why.reconnect() && isKept()) {
      detach(why); // the client comes back, and its rooms need not know that it was away
    } else {
      end(Phase.LEAVING, null, why);
    }
  }

  /**
   * Leaves all rooms, whose earlier messages are sent; then sends the last message, and ends.
   * Later, since the caller may be in the middle of a fan-out to this connection.
   *
   * @param next the phase while the rooms are left
   */
  private void end(Phase next, @Nullable Json lastMessage, Ending why) {
    if (isEnded()) {
      return;
    }
    recordEnd(why.reason());
    phase = next;
    forgetWaiting();
    shard()
        .later(
            () -> {
              leaveAll(() -> sendLast(lastMessage, why));
              tellDisconnected(why.reason());
            });
  }

  private void sendLast(@Nullable Json lastMessage, Ending why) {
    if (phase != Phase.ENDED) {
      phase = Phase.ENDED;
      forgetThis();
      remember(why.reason());
      finish(lastMessage, why);
    }
  }

  /**
   * Ends a connection whose client does not read. If the client reads again, it gets all messages
   * up to some place, and then an ending that says how to continue.
   */
  @Override
  final void cutOff() {
    shard().stats().add(Counter.CUT_OFF, 1);
    shard().recorder().add(EventKind.CUT_OFF, this, null, Ending.BEHIND.reason());
    if (isGone()) {
      closeNow(); // the client does not even read the end
    } else if (isKept()) {
      detach(Ending.BEHIND);
    } else {
      Json bye = new Reply.Bye(Ending.BEHIND.reason(), null).toJson(0, null);
      end(Phase.CUT_OFF, bye, Ending.BEHIND);
    }
  }

  @Override
  final void closeNow() {
    countClosed(CloseReason.SLOW);
    outbound.close();
    gone();
  }

  @Override
  public final void gone() {
    countClosed(CloseReason.LOST);
    if (phase == Phase.ENDED || phase == Phase.DETACHED) {
      return;
    }
    if (isKept()) {
      detach(null);
      return;
    }
    boolean leavesAlready = isGone(); // and what is remembered says why
    if (!leavesAlready) {
      recordEnd(LOST);
    }
    phase = Phase.ENDED;
    forgetThis();
    remember(LOST);
    if (!leavesAlready) {
      forgetWaiting();
      shard()
          .later(
              () -> {
                leaveAll(() -> {});
                tellDisconnected(LOST);
              });
    }
  }

  /** Remembers why the client was disconnected, for the operator. */
  private void remember(String reason) {
    User user = user();
    engine()
        .closings()
        .add(new Closing(id(), user == null ? "" : user.id(), reason, shard().wallTime()));
  }

  /** Removes this connection from the directory, unless it leads to the one with its session. */
  private void forgetThis() {
    if (heir == null) {
      engine().forget(this);
    }
  }
}
