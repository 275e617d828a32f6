package io.earshot.session;

import io.earshot.Permission;
import io.earshot.access.AccessPolicy.Verdict;
import io.earshot.archive.EntryHistory;
import io.earshot.connection.Admission;
import io.earshot.connection.LoginWatch;
import io.earshot.connection.Place;
import io.earshot.connection.TokenWatch;
import io.earshot.hook.NewClient;
import io.earshot.login.Logins;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply.Received;
import io.earshot.protocol.Start;
import io.earshot.protocol.Welcome;
import io.earshot.room.Lag;
import io.earshot.room.Room;
import io.earshot.spi.ConnectRequest;
import io.earshot.spi.VerifiedLogin;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The opening of one connection: the login, then hooks, then the user's inbox, then the first room,
 * then the welcome.
 *
 * <p>Owned by the connection's event loop.
 */
final class Opening extends HeldMessages {
  /** How long a client may take to log in, in milliseconds. */
  private static final long LOGIN_TIME = 10_000;

  private final ClientConnection connection;
  private final Start start;
  private final @Nullable String token;
  private final ConnectRequest request;

  /** The last message of the inbox that the client knows, as it has logged in by a request. */
  private @Nullable Cursor inboxAfter;

  /** The arrival in the inbox; null without one. */
  private Room.@Nullable Arrival inbox;

  /**
   * An opening.
   *
   * @param start where in its first room the client begins
   * @param token the token for that room, or null
   */
  Opening(
      ClientConnection connection, Start start, @Nullable String token, ConnectRequest request) {
    this.connection = connection;
    this.start = start;
    this.token = token;
    this.request = request;
  }

  /** Begins; requests wait meanwhile. */
  void begin() {
    connection.holdRequests();
    String shown = request.loginToken();
    if (shown != null) {
      holdMessages(); // a login that soon ends is announced after the welcome
      check(
          connection,
          shown,
          (login, refusal) -> {
            if (login == null) {
              connection.turnAway(refusal);
            } else if (!connection.isGone()) {
              askHooks(login.claims());
            }
          });
    } else {
      askHooks(null);
    }
  }

  // --- login -----------------------------------------------------------------------------------

  /**
   * Logs a connection in.
   *
   * @param then called on the connection's loop with the login, or with null and the refusal
   */
  static void check(
      ClientConnection connection, String token, BiConsumer<@Nullable VerifiedLogin, String> then) {
    connection.charge(Admission.TOKEN_COST);
    var unused =
        connection
            .engine()
            .logins()
            .check(token)
            .whenComplete(
                (verified, failure) ->
                    connection.tell(() -> logIn(connection, verified, failure, then)));
  }

  private static void logIn(
      ClientConnection connection,
      @Nullable VerifiedLogin verified,
      @Nullable Throwable failure,
      BiConsumer<@Nullable VerifiedLogin, String> then) {
    String refusal =
        verified == null
            ? Logins.refusal(failure)
            : connection.isGone() ? "" : LoginWatch.logIn(connection, verified.login());
    if (refusal != null) {
      connection.engine().loginRefused(refusal);
    }
    then.accept(refusal == null ? verified : null, refusal == null ? "" : refusal);
  }

  private void holdMessages() {
    beginHolding();
    connection.holding = this;
  }

  /** Sends a welcome that asks for a login, and takes no other request. */
  private void awaitLogin() {
    connection.beforeNext(
        () -> {
          connection.phase = Phase.LOGIN;
          connection.opening = this;
          connection.holding = null; // a login that has ended needs no announcement
          var unused = takeHeld();
          sendWelcome(null);
          connection.finished();
          connection
              .shard()
              .schedule(
                  () -> {
                    if (connection.phase == Phase.LOGIN) {
                      connection.disconnect("Error: no login came within 10 s");
                    }
                  },
                  LOGIN_TIME);
        });
  }

  /**
   * Continues when the client has logged in; the request for that is under way until the end.
   *
   * @param inboxAfter the last message of the inbox that the client knows, or null
   */
  void loggedIn(VerifiedLogin login, @Nullable Cursor inboxAfter) {
    this.inboxAfter = inboxAfter;
    connection.opening = null;
    connection.phase = Phase.OPENING;
    askHooks(login.claims());
  }

  // --- hooks, the inbox, and the first room ----------------------------------------------------

  private void askHooks(Json.@Nullable Obj claims) {
    var client = new NewClient(request, claims, true);
    connection
        .engine()
        .admission()
        .askToConnect(
            connection,
            client,
            refusal -> {
              if (refusal != null) {
                connection.turnAway(refusal);
              } else if (!connection.isGone()) {
                enterIfLoggedIn(client.rooms());
              }
            });
  }

  private void enterIfLoggedIn(List<String> more) {
    if (connection.login() != null || !connection.engine().logins().isRequired()) {
      enterRoom(more);
    } else if (connection.isStream()) { // whose client sends nothing
      connection.turnAway(
          "Error: log in: this server is for users only (users.required). Send a token with the"
              + " header Authorization: Bearer TOKEN, or as ?token=TOKEN");
    } else {
      awaitLogin();
    }
  }

  /**
   * Enters the first room.
   *
   * @param more the rooms that hooks add
   */
  private void enterRoom(List<String> more) {
    Place place = connection.place();
    if (place.room.equals(ClientConnection.NO_ROOM)) {
      listenToInbox(
          () -> {
            connection.phase = Phase.OPEN;
            connection.tellConnected();
            welcome(null, more);
          });
      return;
    }
    connection
        .engine()
        .admission()
        .admit(
            place,
            Permission.JOIN,
            token,
            verdict -> {
              if (verdict.refusal() != null) {
                connection.turnAway(verdict.refusal());
              } else {
                EntryHistory.read(
                    connection.engine().archive(),
                    place,
                    start,
                    connection.engine().config().limits().answerBytes(),
                    history ->
                        enter(
                            place,
                            history.wasAwaited()
                                ? connection
                                    .engine()
                                    .admission()
                                    .unlessBarred(verdict, place, Permission.JOIN)
                                : verdict,
                            more,
                            history));
              }
            });
  }

  private void enter(Place place, Verdict verdict, List<String> more, EntryHistory history) {
    if (verdict.refusal() != null) {
      connection.turnAway(verdict.refusal());
    } else if (!connection.isGone()) {
      listenToInbox(
          () -> {
            connection.phase = Phase.OPEN;
            connection.tellConnected();
            connection.joinFirst(place, start, arrival -> welcome(history.addTo(arrival), more));
            TokenWatch.accept(place, verdict.grant());
          });
    }
  }

  /**
   * Listens to the inbox of a client that is logged in, and then goes on. Messages wait for the
   * welcome from then on.
   */
  private void listenToInbox(Runnable then) {
    if (connection.login() == null) {
      connection.beforeNext(then);
      return;
    }
    List<String> given = request.query().get("inbox");
    if (given != null) {
      inboxAfter = Cursor.parse(given.getFirst());
      if (inboxAfter == null) {
        connection.turnAway(Cursor.INVALID_INBOX);
        return;
      }
    }
    if (!isHolding()) {
      holdMessages();
    }
    Inbox.listen(
        connection,
        inboxAfter,
        arrival -> {
          inbox = arrival;
          if (!connection.isGone()) {
            connection.beforeNext(then);
          }
        });
  }

  // --- welcome ---------------------------------------------------------------------------------

  /** Sends the welcome, and what follows it. */
  private void welcome(Room.@Nullable Arrival arrival, List<String> more) {
    ByteBuf news = takeHeld();
    connection.holding = null;
    sendWelcome(arrival);
    if (arrival != null) {
      connection.sendMissed(arrival.missed());
    }
    Inbox.sendMissed(connection, inbox);
    if (news != null) {
      connection.write(news);
    }
    more.forEach(room -> ServerMoves.joinByHook(connection, room));
    connection.finished();
  }

  /**
   * Sends the welcome.
   *
   * @param arrival the arrival in the first room; null without a room
   */
  private void sendWelcome(Room.@Nullable Arrival arrival) {
    Received heard = arrival == null ? null : arrival.heard();
    String text = connection.engine().config().general().welcomeMessage();
    String room = heard == null ? null : heard.room();
    Cursor cursor = heard == null ? null : heard.cursor();
    Boolean recovered = heard == null ? null : heard.recovered();
    boolean isLoginRequired = connection.phase == Phase.LOGIN;
    Integer history = heard == null ? null : heard.history();
    byte[] json =
        new Welcome(
                text,
                room,
                cursor,
                recovered,
                history,
                isLoginRequired ? null : connection.session(),
                connection.engine().limits(connection.transport()),
                connection.user(),
                inbox == null ? null : inbox.heard(),
                isLoginRequired)
            .encode();
    Cursor known = arrival == null ? null : known(arrival, start);
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(json.length + 64);
    try {
      connection.wire().reconnectAfter(connection.engine().reconnectAfterLoss(), buffer);
      connection.wire().welcome(json, known, buffer);
      if (heard != null && cursor != null && Cursor.UNKNOWN.equals(start.after())) {
        byte[] gap = Lag.gap(heard.room(), 1, cursor).json();
        connection.wire().frame(gap, null, buffer);
      }
      connection.write(buffer);
    } finally {
      buffer.release();
    }
  }

  /**
   * The position from which the client can go on if it is cut off before it has read the messages
   * that follow the welcome.
   */
  private static @Nullable Cursor known(Room.Arrival arrival, Start start) {
    Integer history = arrival.heard().history();
    if (history != null && history > 0) {
      Cursor first = arrival.missed().getFirst().place();
      return new Cursor(first.epoch(), first.offset() - 1);
    }
    return start.after() != null && Boolean.TRUE.equals(arrival.heard().recovered())
        ? start.after()
        : arrival.heard().cursor();
  }
}
