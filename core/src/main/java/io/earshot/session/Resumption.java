package io.earshot.session;

import io.earshot.access.SessionTokens;
import io.earshot.connection.Admission;
import io.earshot.connection.EngineContext;
import io.earshot.connection.Handover;
import io.earshot.connection.Handover.FormerPlace;
import io.earshot.connection.Participant;
import io.earshot.connection.PeerSessions;
import io.earshot.connection.Place;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Reply.Received;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.session.MultiRoomConnection.Countdown;
import io.earshot.session.RequestOrder.NumberedRequest;
import io.earshot.spi.BrokerException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
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
final class Resumption {
  private final ClientConnection connection;
  private final NumberedRequest request;
  private final Map<String, Cursor> after;

  /** Requests for the session by other connections, until this one has it; then null. */
  private @Nullable List<Runnable> queued = new ArrayList<>();

  /**
   * Messages of the rooms, until the request is answered; null before the connection has the
   * session, and after the answer.
   */
  private @Nullable ByteBuf held;

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

  /** Whether messages of rooms are held back. */
  boolean holds() {
    return held != null;
  }

  /** Holds bytes back, and returns how many are held. */
  int hold(ByteBuf bytes, int offset, int length) {
    if (held == null) {
      throw new IllegalStateException("nothing is held back");
    }
    held.writeBytes(bytes, offset, length);
    return held.readableBytes();
  }

  /** Finds the session, on this server or another one, and takes it over. */
  void begin(String session) {
    EngineContext engine = connection.engine();
    SessionTokens sessions = engine.sessions();
    String id = sessions == null ? null : sessions.id(session);
    Participant found = id == null ? null : engine.connections().find(id);
    PeerSessions peers = engine.peers();
    if (found == connection) {
      refuse("Error: this is your session; you have not left it");
    } else if (id != null && found instanceof ClientConnection before) {
      before.tell(
          () ->
              SessionTransfer.toConnection(
                  before, id, connection, was -> connection.tell(() -> leaveRooms(id, was))));
    } else if (id != null && peers != null) {
      var _ =
          peers
              .handOver(id)
              .whenComplete(
                  (was, failure) ->
                      connection.tell(
                          () -> {
                            if (failure == null) {
                              leaveRooms(id, was);
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
    connection.resuming = this;
    List<Place> joined = connection.places();
    connection.forgetOthers();
    Admission admission = connection.engine().admission();
    var left =
        new Countdown(
            joined.size(), () -> admission.afterwards(connection, () -> takeOver(id, was)));
    joined.forEach(place -> connection.leaveEntirely(place, left));
  }

  private void takeOver(String id, Handover was) {
    List<Runnable> tasks = queued == null ? List.of() : queued;
    queued = null;
    if (connection.isGone()) {
      connection.resuming = null;
      was.giveBack();
    } else {
      connection.become(id, was);
      takePlaces(was.places());
      if (was.known() != null) {
        connection.setKnown(was.known()); // not longer than the session had it
      }
    }
    tasks.forEach(Runnable::run);
  }

  /** Takes over the places. The answer comes first, then missed messages, then new ones. */
  private void takePlaces(List<FormerPlace> places) {
    var arrivals = new ArrayList<Room.Arrival>();
    var live = new Countdown(places.size(), () -> answer(arrivals));
    held = ByteBufAllocator.DEFAULT.directBuffer();
    boolean isLost = connection.phase == Phase.DETACHED;
    for (FormerPlace former : places) {
      var place = new Place(connection, former.room());
      place.in = former.isIn();
      place.listening = former.isListening();
      if (former == places.getFirst()) {
        connection.moveTo(place);
      }
      connection.track(place);
      connection.accept(place, former.grant());
      takePlace(
          former,
          place,
          isLost,
          arrival -> {
            arrivals.add(arrival);
            live.run();
          });
    }
  }

  private void takePlace(
      FormerPlace former, Place place, boolean isLost, Consumer<Room.Arrival> arrived) {
    Cursor known = after.get(former.room());
    Shard there = connection.engine().rooms().shard(former.room());
    there.tell(
        () -> {
          Room room = there.room(former.room());
          if (former.lost() != null) {
            room.replace(former.lost(), place, known, arrived);
          } else {
            room.settle(place, former.isIn(), former.isListening(), known, former.known(), arrived);
          }
          if (isLost) {
            room.detach(place); // the client was lost again while it resumed
          }
        });
  }

  private void answer(List<Room.Arrival> arrivals) {
    ByteBuf news = held;
    held = null;
    connection.resuming = null;
    List<Received> heard = arrivals.stream().map(Room.Arrival::heard).toList();
    connection.send(
        request,
        new Reply.Resumed(
            connection.id(), String.valueOf(connection.session()), connection.room(), heard));
    arrivals.forEach(arrival -> connection.sendMissed(arrival.missed()));
    if (news != null) {
      connection.write(news);
      news.release();
    }
    connection.finished();
    // A room may have been closed while the session had no connection.
    connection.leaveClosedRooms();
  }
}
