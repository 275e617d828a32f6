package io.earshot.session;

import io.earshot.Transport;
import io.earshot.access.SessionTokens;
import io.earshot.access.TokenNumbers;
import io.earshot.connection.Directory;
import io.earshot.connection.Handover;
import io.earshot.connection.LoginWatch;
import io.earshot.connection.LoopContext;
import io.earshot.connection.Params;
import io.earshot.connection.Place;
import io.earshot.connection.TokenWatch;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Command;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Start;
import io.earshot.room.Room;
import io.earshot.spi.ConnectRequest;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connection of a client over TCP, WebSocket or a stream: its id, its params, its entry into
 * the first room, and its session. {@link RequestOrder} takes its requests, {@link Verbs} does what
 * they ask for, {@link OutboundConnection} sends, and {@link DetachableConnection} ends it.
 *
 * <p>Owned by the connection's event loop.
 */
public final class ClientConnection extends DetachableConnection {

  /** The current room of a connection that begins in no room. No room can have this name. */
  public static final String NO_ROOM = "";

  // The id as two longs, 128 random bits. It is formatted on demand; most ids are never read. A
  // connection that resumes a session takes over the session's id.
  private volatile long idHigh;
  private volatile long idLow;

  private @Nullable Params params;

  /** As {@link #isUnannounced()} says. */
  private boolean isUnannounced;

  /** Whether the connection is subscribed to its first room. */
  private boolean hasArrived;

  /** Whether the connection is announced, and may not be in the list of its first room yet. */
  private boolean isEntering;

  /** Whether the client has sent a request by which it is announced. */
  private boolean hasAsked;

  private boolean isLoggingIn;

  /** The opening that waits for a login; null for none. */
  @Nullable Opening opening;

  /** The tokens by which the session can be resumed. */
  TokenNumbers tokens = TokenNumbers.FIRST;

  /** Whether the session was on another server before. */
  private volatile boolean wasElsewhere;

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
  public long idHigh() {
    return idHigh;
  }

  @Override
  public long idLow() {
    return idLow;
  }

  @Override
  public boolean mayBeListedElsewhere() {
    return wasElsewhere;
  }

  @Override
  void perform(NumberedRequest request) {
    boolean isPermitted =
        phase != Phase.LOGIN
            || request.command() instanceof Command.Login
            || request.command() instanceof Command.Quit;
    if (isPermitted) {
      Verbs.perform(this, request);
    } else {
      reply(request, new Reply.Refused("Error: log in first: login TOKEN"));
    }
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
    return speaker.mayBeSpokenIn() && phase.takesRequests() ? null : NOT_IN_ROOM;
  }

  // --- rooms -----------------------------------------------------------------------------------

  /** Joins the first room and then sends the welcome; requests wait. See {@link Opening}. */
  public void open(Start start, @Nullable String token, ConnectRequest request) {
    new Opening(this, start, token, request).begin();
  }

  /**
   * Joins the first room. A new connection only receives messages until it is announced: when it
   * has sent a request, or has stayed for a moment. A connection that goes before that, such as a
   * check whether the port is open, is no member and disturbs nobody.
   */
  void joinFirst(Place place, Start start, Consumer<Room.Arrival> live) {
    isUnannounced = !hasAsked && isAnnouncedLater(place);
    join(
        place,
        start,
        !isUnannounced,
        arrival ->
            beforeNext(
                () -> {
                  hasArrived = true;
                  live.accept(arrival);
                  if (hasAsked) {
                    announce();
                  } else if (isUnannounced) {
                    announceLater(this::announce);
                  }
                }));
  }

  @Override
  boolean isUnannounced() {
    return isUnannounced;
  }

  /** Becomes a member of its first room, unless it is one or is about to arrive there. */
  private void announce() {
    if (isUnannounced && hasArrived) {
      isUnannounced = false;
      Place place = place();
      isEntering = true;
      engine().rooms().in(place.room, room -> room.announce(place), () -> {});
    }
  }

  /**
   * Runs a task that may look at the members of the first room: now, unless this connection was
   * announced and may not be among them yet.
   */
  void onceEntered(Runnable task) {
    if (!isEntering) {
      task.run();
      return;
    }
    Place place = place();
    Runnable entered =
        () ->
            tell(
                () -> {
                  isEntering = false;
                  task.run();
                });
    engine().rooms().in(place.room, room -> room.order().whenEntered(place, entered), entered);
  }

  @Override
  void asked(Command command) {
    if (!(holding instanceof Resumption)) {
      tokens = tokens.received(); // the client has read the answer to its resume
    }
    // A connection that only resumes a session, or ends, need not be announced.
    switch (command) {
      case Command.Malformed ignored -> {}
      case Command.Quit ignored -> {}
      case Command.Resume ignored -> {}
      case Command.Login ignored -> isLoggingIn = true;
      default -> appear(!isLoggingIn);
    }
  }

  /** Announces the connection, unless it is still logging in: then as the user's. */
  void appear(boolean isKnown) {
    if (isKnown && !hasAsked) {
      hasAsked = true;
      announce();
    }
  }

  /** Leaves the current room for another one, or joins it again. */
  void changeRoom(Place next, Start start, Consumer<Room.Arrival> live) {
    Place old = place();
    move(next, start, live);
    track(old);
    track(next);
  }

  @Override
  public void expire(Place member) {
    afterRequests(
        () -> {
          if (Eviction.isExpired(member)) {
            TokenWatch.removeExpired(member);
          }
        });
  }

  @Override
  public void removeFromRoom(Place member, Json notice, String reason) {
    afterRequests(() -> Eviction.removeFromRoom(this, member, notice, reason));
  }

  @Override
  public void moveByServer(String room, boolean joins, Consumer<Boolean> then) {
    ServerMoves.move(this, room, joins, then);
  }

  // --- its session -----------------------------------------------------------------------------

  /** The token to resume this session by; null if it cannot be resumed. */
  @Nullable String session() {
    SessionTokens sessions = engine().sessions();
    return sessions == null || isStream() ? null : sessions.token(idHigh, idLow, tokens.newest());
  }

  /** Takes over the session of another connection. */
  void become(String id, Handover was) {
    tellDisconnected("the client has resumed the session " + id);
    engine().forget(this);
    isUnannounced = false; // the session's places are members, or listen
    idHigh = HexFormat.fromHexDigitsToLong(id, 0, 16);
    idLow = HexFormat.fromHexDigitsToLong(id, 16, 32);
    params = was.params();
    tokens = was.tokens();
    LoginWatch.inherit(this, was.attributes(), was.login());
    lookForBan();
    wasElsewhere = was.connection() == null || was.connection().mayBeListedElsewhere();
    if (was.connection() == null) {
      engine().connections().add(this);
    } else {
      engine().connections().replace(was.connection(), this);
    }
    takeConnected();
  }

  /** Gives up the session of this connection: it sends nothing more to rooms and leaves none. */
  void giveUpSession() {
    announce();
    places().forEach(Place::tellJoined);
    endWithoutSession();
  }

  /** The session as it is now, with these places. */
  Handover handover(@Nullable ClientConnection connection, List<Handover.FormerPlace> places) {
    return new Handover(connection, places, params, attributes(), identity(), tokens);
  }

  /**
   * Hands this session over to another server, without a leave; see {@link
   * SessionTransfer#toServer}.
   */
  public void handOverToServer(String id, int token, Consumer<@Nullable Handover> then) {
    SessionTransfer.toServer(this, new SessionTokens.Session(id, token), then);
  }
}
