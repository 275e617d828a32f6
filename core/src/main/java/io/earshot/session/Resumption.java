package io.earshot.session;

import io.earshot.access.SessionTokens;
import io.earshot.connection.Admission;
import io.earshot.connection.EngineContext;
import io.earshot.connection.Handover;
import io.earshot.connection.Handover.Former;
import io.earshot.connection.Participant;
import io.earshot.connection.PeerSessions;
import io.earshot.connection.Place;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Reply.Heard;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.session.ClientConnection.Turn;
import io.earshot.session.MultiRoomConnection.Countdown;
import io.earshot.spi.BrokerException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client on its way back to who it was, by the session of then: it leaves the rooms that it is in
 * as a visitor, takes over the name and the places, and hears on from where it stopped.
 *
 * <p>Owned by the connection's event loop.
 */
final class Resumption {
  private final ClientConnection connection;
  private final Turn turn;
  private final Map<String, Cursor> after;

  /** What others ask of who it is about to be; null once it is. */
  private @Nullable List<Runnable> asked = new ArrayList<>();

  /** What its rooms tell before it is answered that it is back; null until it is somebody. */
  private @Nullable ByteBuf held;

  /**
   * A way back.
   *
   * @param turn the request to answer
   * @param after what the client knows of its rooms, by name
   */
  Resumption(ClientConnection connection, Turn turn, Map<String, Cursor> after) {
    this.connection = connection;
    this.turn = turn;
    this.after = after;
  }

  /** Keeps a question for when it is who it is about to be; false if it is already. */
  boolean takesOverBefore(Runnable question) {
    return asked != null && asked.add(question);
  }

  /** Whether what its rooms tell is to wait. */
  boolean holds() {
    return held != null;
  }

  /** Lets something wait, and returns how much does. */
  int hold(ByteBuf bytes, int offset, int length) {
    if (held == null) {
      throw new IllegalStateException("nothing waits");
    }
    held.writeBytes(bytes, offset, length);
    return held.readableBytes();
  }

  /** Finds who it was, here or on another server, and goes on from there. */
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
          () -> before.handOver(id, connection, was -> connection.tell(() -> become(id, was))));
    } else if (id != null && peers != null) {
      var _ =
          peers
              .handOver(id)
              .whenComplete(
                  (was, failure) ->
                      connection.tell(
                          () -> {
                            if (failure == null) {
                              become(id, was);
                            } else {
                              refuse(BrokerException.explained(failure));
                            }
                          }));
    } else {
      become("", null);
    }
  }

  private void refuse(String why) {
    connection.reply(turn, new Reply.Refused(why));
  }

  private void become(String id, @Nullable Handover was) {
    if (was == null) {
      refuse("Error: there is no such session (any more)");
      return;
    }
    if (connection.isGone()) {
      was.giveBack(); // what it was itself is somebody else's by now, or leaves
      return;
    }
    // Who it was for a moment leaves first, under that name, and has heard all that it was to hear;
    // and hooks have been told.
    connection.resumes(this);
    List<Place> visited = connection.members();
    connection.forgetOthers();
    Admission admission = connection.engine().admission();
    var left =
        new Countdown(
            visited.size(), () -> admission.afterwards(connection, () -> takeOver(id, was)));
    visited.forEach(member -> connection.part(member, left));
  }

  private void takeOver(String id, Handover was) {
    List<Runnable> questions = asked == null ? List.of() : asked;
    asked = null;
    if (connection.isGone()) {
      connection.resumes(null);
      was.giveBack();
    } else {
      connection.become(id, was);
      hearAgain(was.places());
      if (was.known() != null) {
        connection.isKnownAs(was.known()); // and not for longer than it was
      }
    }
    questions.forEach(Runnable::run);
  }

  /** Takes its places back. The answer comes first, then what was missed, then what is new. */
  private void hearAgain(List<Former> lost) {
    var arrivals = new ArrayList<Room.Arrival>();
    var live = new Countdown(lost.size(), () -> isBack(arrivals));
    held = ByteBufAllocator.DEFAULT.directBuffer();
    boolean isLost = connection.isDetached();
    for (Former place : lost) {
      var back = new Place(connection, place.room());
      back.in = place.isIn();
      back.listening = place.isListening();
      if (place == lost.getFirst()) {
        connection.moveTo(back);
      }
      connection.note(back);
      connection.accept(back, place.grant());
      hearAgain(
          place,
          back,
          isLost,
          arrival -> {
            arrivals.add(arrival);
            live.run();
          });
    }
  }

  private void hearAgain(Former place, Place back, boolean isLost, Consumer<Room.Arrival> arrived) {
    Cursor known = after.get(place.room());
    Shard there = connection.engine().rooms().shard(place.room());
    there.tell(
        () -> {
          Room room = there.room(place.room());
          if (place.lost() != null) {
            room.replace(place.lost(), back, known, arrived);
          } else {
            room.settle(back, place.isIn(), place.isListening(), known, place.known(), arrived);
          }
          if (isLost) {
            room.detach(back); // lost again on its way back
          }
        });
  }

  private void isBack(List<Room.Arrival> arrivals) {
    ByteBuf news = held;
    held = null;
    connection.resumes(null);
    List<Heard> heard = arrivals.stream().map(Room.Arrival::heard).toList();
    connection.isBack(turn, heard);
    arrivals.forEach(arrival -> connection.tellMissed(arrival.missed()));
    if (news != null) {
      connection.write(news);
      news.release();
    }
    connection.finished();
    // A room may have been closed while nobody was there to be sent out.
    connection.leaveClosedRooms();
  }
}
