package io.earshot.session;

import io.earshot.Grant;
import io.earshot.Transport;
import io.earshot.access.SessionTokens;
import io.earshot.connection.Directory;
import io.earshot.connection.Handover;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Params;
import io.earshot.connection.Place;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.room.Room;
import io.earshot.spi.Ending;
import io.earshot.spi.Outbound;
import io.earshot.spi.Refusal;
import io.earshot.spi.Wire;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connection of a client over TCP, WebSocket or a stream: its id, its session, and how it ends.
 * {@link RequestOrder} takes its requests, {@link Verbs} does what they ask for, and {@link
 * OutboundConnection} sends.
 *
 * <p>Owned by the connection's event loop.
 */
public final class ClientConnection extends RequestOrder {

  // The id as two longs, 128 random bits. It is formatted on demand; most ids are never read. A
  // connection that resumes a session takes over the session's id.
  private volatile long idHigh;
  private volatile long idLow;

  private @Nullable Params params;

  /** The connection that has taken over the session of this one; null for none. */
  @Nullable ClientConnection heir;

  public ClientConnection(
      LoopContext context,
      Outbound outbound,
      Wire wire,
      long idHigh,
      long idLow,
      Transport transport,
      String room) {
    super(context, outbound, wire, transport, room);
    this.idHigh = idHigh;
    this.idLow = idLow;
  }

  @Override
  public String id() {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(idHigh) + hex.toHexDigits(idLow);
  }

  @Override
  public boolean hasId(String id) {
    return id.length() == 32 && Directory.hash(id) == idHash() && id.equals(id());
  }

  @Override
  public int idHash() {
    return (int) (idHigh >>> 32);
  }

  @Override
  void perform(NumberedRequest request) {
    Verbs.perform(this, request);
  }

  // --- params ----------------------------------------------------------------------------------

  Map<String, String> params() {
    return params == null ? Map.of() : params.all();
  }

  /** Sets a param; false if that would exceed the limits. */
  boolean addParam(String key, String value) {
    if (params == null) {
      params = new Params();
    }
    return params.add(key, value, engine().config().limits());
  }

  void removeParam(String key) {
    if (params != null) {
      params.remove(key);
    }
  }

  void removeParams() {
    params = null;
  }

  /** The audience that the params name; it applies to messages sent while they are set. */
  @Override
  public @Nullable Audience audience() {
    String key = params().get(Audience.KEY);
    return key == null ? null : new Audience(key, params().get(Audience.VALUE));
  }

  @Override
  protected @Nullable String refusalToSpeak(Place speaker) {
    return speaker.in && phase.takesRequests() ? null : NOT_IN_ROOM;
  }

  // --- rooms -----------------------------------------------------------------------------------

  /**
   * Joins the first room and then sends the welcome; requests wait for it.
   *
   * @param after the last message that the client knows of that room, or null
   * @param token the token for that room, or null
   */
  public void open(@Nullable Cursor after, @Nullable String token) {
    Opening.begin(this, after, token);
  }

  /** Leaves the current room for another one, or joins it again. */
  void changeRoom(Place next, @Nullable Cursor after, Consumer<Room.Arrival> live) {
    Place old = place();
    move(next, after, live);
    track(old);
    track(next);
  }

  @Override
  public void expire(Place member) {
    afterRequests(
        () -> {
          Grant grant = member.grant;
          if (grant != null && grant.until().toEpochMilli() <= shard().now()) {
            removeExpired(member);
          }
        });
  }

  @Override
  public void removeFromRoom(Place member, Json notice, String reason) {
    afterRequests(() -> Eviction.removeFromRoom(this, member, notice, reason));
  }

  // --- a lost client, and its session ----------------------------------------------------------

  /** Whether the client cannot send requests, such as one to resume a session. */
  boolean isStream() {
    return transport() == Transport.STREAM;
  }

  /** The token to resume this session by; null if it cannot be resumed. */
  @Nullable String session() {
    SessionTokens sessions = engine().sessions();
    return sessions == null || isStream() ? null : sessions.token(idHigh, idLow);
  }

  private boolean isResumable() {
    return phase == Phase.OPEN
        && engine().sessions() != null
        && !isStream()
        && dismissal == null
        && engine().mayDetach();
  }

  /** Keeps the places in rooms for the resume window, without receiving messages. */
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
    shard().schedule(this::endSession, engine().config().general().resumeWindow().toMillis());
  }

  /** Ends a detached session, which was not resumed. */
  void endSession() {
    if (phase == Phase.DETACHED) {
      endDetached();
      endSilently();
    }
  }

  private void endDetached() {
    phase = Phase.ENDED;
    engine().addDetached(-1);
  }

  /** Takes over the session of another connection. */
  void become(String id, Handover was) {
    engine().forget(this);
    idHigh = HexFormat.fromHexDigitsToLong(id, 0, 16);
    idLow = HexFormat.fromHexDigitsToLong(id, 16, 32);
    params = was.params();
    inherit(was.attributes());
    lookForBan();
    if (was.connection() == null) {
      engine().connections().add(this);
    } else {
      engine().connections().replace(was.connection(), this);
    }
  }

  /** Whether the session can be handed over: a connection that ends gives up its session itself. */
  boolean hasSession() {
    return phase == Phase.DETACHED || (!isGone() && dismissal == null);
  }

  /** Gives up the session of this connection: it sends nothing more to rooms and leaves none. */
  void giveUpSession() {
    if (phase == Phase.DETACHED) {
      endDetached();
    } else {
      phase = Phase.LEAVING; // the client is back before its loss was noticed
      forgetWaiting();
      shard().later(() -> sendLast(null, Ending.RESUMED));
    }
  }

  /** The session as it is now, with these places. */
  Handover handover(@Nullable ClientConnection connection, List<Handover.FormerPlace> places) {
    return new Handover(connection, places, params, attributes(), known());
  }

  /**
   * Hands this session over to another server. Its places on this server are given up without a
   * leave.
   *
   * @param then called with the session, or with null if this connection no longer has it; on any
   *     loop
   */
  public void handOverToServer(String id, Consumer<@Nullable Handover> then) {
    SessionTransfer.toServer(this, id, then);
  }

  @Override
  public void endSilently() {
    engine().forget(this);
    leaveAll(() -> {});
  }

  /** Ends a connection that may not be in any room, whatever the client has requested meanwhile. */
  void turnAway(String why) {
    abandonHold();
    disconnect(why);
  }

  // --- the end ---------------------------------------------------------------------------------

  @Override
  void endOfInput(Ending why, boolean isLost) {
    if (isLost && isResumable()) {
      detach(why);
    } else {
      end(why);
    }
  }

  @Override
  void endDismissed(Ending why) {
    @Nullable Long again = why.equals(Ending.SHUTDOWN) ? engine().reconnectAfter() : null;
    // The reply to no request, and so without a number.
    end(Phase.LEAVING, new Reply.Bye(why.reason(), again).toJson(0, null), why);
  }

  @Override
  public void dismiss(Ending why) {
    if (why.equals(Ending.IDLE) && dismissal == null && !isEnded()) {
      engine().count(Refusal.IDLE);
    }
    if (phase == Phase.DETACHED) {
      endSession();
    } else if (why.equals(Ending.IDLE) && isResumable()) {
      lost(why);
    } else if (dismissal == null) {
      dismissal = why;
      afterWork();
    }
  }

  @Override
  public void close(String reason) {
    tell(() -> dismiss(Ending.closed(reason)));
  }

  @Override
  public void disconnect(String reason) {
    if (phase == Phase.DETACHED) {
      endSession();
    } else {
      end(Phase.LEAVING, new Reply.Bye(reason, null).toJson(0, null), Ending.refused(reason));
    }
  }

  /** Ends the connection at the client's request. */
  void endByRequest(NumberedRequest request) {
    Reply bye = new Reply.Bye(Ending.REQUESTED.reason(), null);
    end(Phase.LEAVING, bye.toJson(request.number(), request.messageId()), Ending.REQUESTED);
  }

  @Override
  public void end(Ending why) {
    end(Phase.LEAVING, null, why);
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
    phase = next;
    forgetWaiting();
    shard().later(() -> leaveAll(() -> sendLast(lastMessage, why)));
  }

  private void sendLast(@Nullable Json lastMessage, Ending why) {
    if (phase != Phase.ENDED) {
      phase = Phase.ENDED;
      forgetThis();
      finish(lastMessage, why);
    }
  }

  /**
   * Ends a connection whose client does not read. If the client reads again, it gets all messages
   * up to some place, and then an ending that says how to continue.
   */
  @Override
  void cutOff() {
    shard().countCutOff();
    if (isGone()) {
      closeNow(); // the client does not even read the end
    } else if (isResumable()) {
      detach(Ending.BEHIND);
    } else {
      Json bye = new Reply.Bye(Ending.BEHIND.reason(), null).toJson(0, null);
      end(Phase.CUT_OFF, bye, Ending.BEHIND);
    }
  }

  @Override
  void closeNow() {
    outbound.close();
    gone();
  }

  @Override
  public void gone() {
    if (phase == Phase.ENDED || phase == Phase.DETACHED) {
      return;
    }
    if (isResumable()) {
      detach(null);
      return;
    }
    boolean leavesAlready = isGone();
    phase = Phase.ENDED;
    forgetThis();
    if (!leavesAlready) {
      forgetWaiting();
      shard().later(() -> leaveAll(() -> {}));
    }
  }

  /** Removes this connection from the directory, unless it leads to the one with its session. */
  private void forgetThis() {
    if (heir == null) {
      engine().forget(this);
    }
  }
}
