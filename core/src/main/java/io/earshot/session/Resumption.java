package io.earshot.session;

import io.earshot.access.SessionTokens;
import io.earshot.connection.Admission;
import io.earshot.connection.ConnectionActions.PeerSessions;
import io.earshot.connection.EngineContext;
import io.earshot.connection.Handover;
import io.earshot.connection.Handover.FormerPlace;
import io.earshot.connection.LoginWatch;
import io.earshot.connection.Participant;
import io.earshot.connection.Place;
import io.earshot.connection.TokenWatch;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Reply.Received;
import io.earshot.protocol.RoomName;
import io.earshot.room.MembershipTransfer;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.session.MultiRoomConnection.Countdown;
import io.earshot.session.RequestOrder.NumberedRequest;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Login;
import io.earshot.stats.ResumeOutcome;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request to resume a session: the connection leaves the rooms that it has joined, takes over
 * the id and the places of the session, and sends the messages that the client missed.
 *
 * <p>Owned by the connection's event loop.
 */
final class Resumption extends HeldMessages {
  private final ClientConnection connection;
  private final NumberedRequest request;
  private final Map<String, Cursor> after;

  /** The rooms that hooks have chosen for this connection, whatever rooms the session is in. */
  private List<String> byHook = List.of();

  /** Requests for the session by other connections, until this one has it; then null. */
  private @Nullable List<Runnable> queued = new ArrayList<>();

  /** Whether the other servers were asked for the session, since it is not on this one. */
  private boolean isFromElsewhere;

  /**
   * A request to resume a session.
   *
   * @param after the last message that the client knows of each room, by the room's name
   */
  Resumption(ClientConnection connection, NumberedRequest request, Map<String, Cursor> after) {
    this.connection = connection;
    this.request = request;
    this.after = after;
  }

  /**
   * Queues a task until the connection has the session.
   *
   * @return false if it has the session already; then the task is not queued
   */
  boolean queueUntilResumed(Runnable task) {
    return queued != null && queued.add(task);
  }

  /** Finds the session, on this server or another one, and takes it over. */
  void begin(String token) {
    EngineContext engine = connection.engine();
    SessionTokens sessions = engine.sessions();
    SessionTokens.Session session = sessions == null ? null : sessions.session(token);
    String id = session == null ? null : session.id();
    Participant found = id == null ? null : engine.connections().find(id);
    PeerSessions peers = engine.peers();
    if (found == connection) {
      refuse("Error: this is your session; you have not left it");
    } else if (session != null && found instanceof ClientConnection before) {
      before.tell(
          () ->
              SessionTransfer.toConnection(
                  before,
                  session,
                  connection,
                  was -> connection.tell(() -> leaveRooms(session.id(), was))));
    } else if (session != null && peers != null) {
      isFromElsewhere = true;
      var unused =
          peers
              .handOver(session.id(), session.number())
              .whenComplete(
                  (was, failure) ->
                      connection.tell(
                          () -> {
                            if (failure == null) {
                              leaveRooms(session.id(), was);
                            } else {
                              refuse(BrokerException.explained(failure));
                            }
                          }));
    } else {
      refuseUnknown();
    }
  }

  private void refuseUnknown() {
    refuse("Error: there is no such session (any more)");
  }

  private void refuse(String why) {
    count(ResumeOutcome.REFUSED);
    connection.reply(request, new Reply.Refused(why));
  }

  /**
   * Leaves the rooms under the connection's own id, before it takes over the id of the session. So
   * announcements and hooks name the right id.
   */
  private void leaveRooms(String id, @Nullable Handover was) {
    if (was == null) {
      refuseUnknown();
      return;
    }
    if (connection.isGone()) {
      was.giveBack(); // this connection's rooms are left by its end, or by another connection
      return;
    }
    if (isOfAnotherUser(was)) {
      was.giveBack();
      refuse("Error: this session is another user's");
      return;
    }
    connection.holding = this;
    List<Place> joined = connection.places();
    byHook =
        joined.stream()
            .filter(place -> place.in && place.isByHook)
            .map(place -> place.room)
            .toList();
    connection.forgetOthers();
    Admission admission = connection.engine().admission();
    var left =
        new Countdown(
            joined.size(), () -> admission.afterwards(connection, () -> takeOver(id, was)));
    joined.forEach(place -> connection.leaveEntirely(place, left));
  }

  private void count(ResumeOutcome outcome) {
    connection.engine().counts().resumed(outcome, isFromElsewhere);
  }

  private boolean isOfAnotherUser(Handover was) {
    Login own = connection.login();
    Login its = was.login();
    return own != null && its != null && !own.subject().equals(its.subject());
  }

  private void takeOver(String id, Handover was) {
    List<Runnable> tasks = queued == null ? List.of() : queued;
    queued = null;
    if (connection.isGone()) {
      connection.holding = null;
      was.giveBack();
    } else {
      connection.become(id, was);
      takePlaces(was.places());
      Login login = was.login();
      if (login != null) {
        LoginWatch.leaveRoomsOf(connection, login.attributes());
      } else if (was.identity() != null) {
        TokenWatch.inherit(connection, was.identity()); // not longer than the session had it
      }
    }
    tasks.forEach(Runnable::run);
  }

  /** Takes over the places. The answer comes first, then missed messages, then new ones. */
  private void takePlaces(List<FormerPlace> places) {
    var arrivals = new ArrayList<Room.Arrival>();
    var live = new Countdown(places.size() + 1, () -> answer(arrivals));
    beginHolding();
    boolean isLost = connection.phase == Phase.DETACHED;
    for (FormerPlace former : places) {
      var place = new Place(connection, former.room());
      place.in = former.isIn();
      place.listening = former.isListening();
      if (former == places.getFirst()) {
        connection.moveTo(place);
      }
      connection.track(place);
      TokenWatch.accept(place, former.grant());
      takePlace(
          former,
          place,
          isLost,
          arrival -> {
            arrivals.add(arrival);
            live.run();
          });
    }
    listenToInbox(
        inbox -> {
          if (inbox != null) {
            arrivals.add(inbox);
          }
          live.run();
        });
  }

  /** Listens to the inbox of a client that logged in before it resumed a session without it. */
  private void listenToInbox(Consumer<Room.@Nullable Arrival> arrived) {
    String room = RoomName.inboxOf(connection.user());
    Inbox.listen(connection, room == null ? null : after.get(room), arrived);
  }

  private void takePlace(
      FormerPlace former, Place place, boolean isLost, Consumer<Room.Arrival> arrived) {
    Cursor known = after.get(former.room());
    Shard there = connection.engine().rooms().shard(former.room());
    there.tell(
        () -> {
          Room room = there.room(former.room());
          if (former.lost() != null) {
            MembershipTransfer.replace(room, former.lost(), place, known, arrived);
          } else {
            place.continueFrom(former.known(), former.listedIn());
            MembershipTransfer.settle(
                room, place, former.isIn(), former.isListening(), known, arrived);
          }
          room.identify(place, connection.user()); // it may have logged in before it resumed
          if (isLost) {
            room.detach(place); // the client was lost again while it resumed
          }
        });
  }

  private void answer(List<Room.Arrival> arrivals) {
    ByteBuf news = takeHeld();
    connection.holding = null;
    List<Received> heard = arrivals.stream().map(Room.Arrival::heard).toList();
    boolean isWhole = heard.stream().allMatch(each -> Boolean.TRUE.equals(each.recovered()));
    count(isWhole ? ResumeOutcome.RECOVERED : ResumeOutcome.GAP);
    connection.send(
        request,
        new Reply.Resumed(
            connection.id(), String.valueOf(connection.session()), connection.room(), heard));
    arrivals.forEach(arrival -> connection.sendMissed(arrival.missed()));
    if (news != null) {
      connection.write(news);
    }
    byHook.forEach(room -> ServerMoves.joinByHook(connection, room));
    connection.finished();
    // A room may have been closed while the session had no connection.
    connection.leaveClosedRooms();
  }
}
