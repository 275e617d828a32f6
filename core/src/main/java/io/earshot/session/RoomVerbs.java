package io.earshot.session;

import io.earshot.Permission;
import io.earshot.access.AccessPolicy.Verdict;
import io.earshot.archive.ArchiveReader;
import io.earshot.archive.EntryHistory;
import io.earshot.connection.Participant;
import io.earshot.connection.Place;
import io.earshot.connection.TokenWatch;
import io.earshot.protocol.Command;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Reply;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.Start;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.session.RequestOrder.NumberedRequest;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Refusal;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Executes the requests to join and leave rooms, to listen to them, and to look at their members
 * and their history: one method for each verb.
 *
 * <p>Stateless. Called on the loop of the connection, by {@link Verbs}.
 */
final class RoomVerbs {
  /** A longer list of members or messages is not encoded on a loop. */
  private static final int LONG_LIST = 200;

  /** A client may read so many earlier messages for each message that its rate permits. */
  private static final int MESSAGES_FOR_ONE = 25;

  private RoomVerbs() {}

  /** Refuses a request that only members of a room may make. */
  static void refuseNotInRoom(ClientConnection connection, NumberedRequest request, Place place) {
    connection.reply(request, new Reply.Refused(Participant.NOT_IN_ROOM, place.room));
  }

  /** Enters a room if the client may, and else refuses the request. */
  private static void ifAdmitted(
      ClientConnection connection,
      NumberedRequest request,
      Place place,
      Permission what,
      @Nullable String token,
      Start start,
      Consumer<EntryHistory> enter) {
    connection
        .engine()
        .admission()
        .admit(
            place,
            what,
            token,
            verdict -> {
              if (verdict.refusal() != null) {
                connection.reply(request, new Reply.Refused(verdict.refusal(), place.room));
              } else {
                EntryHistory.read(
                    connection.engine().archive(),
                    place,
                    start,
                    connection.engine().config().limits().answerBytes(),
                    history -> {
                      Verdict now =
                          history.wasAwaited()
                              ? connection.engine().admission().unlessBarred(verdict, place, what)
                              : verdict;
                      enter(connection, request, place, now, () -> enter.accept(history));
                    });
              }
            });
  }

  private static void enter(
      ClientConnection connection,
      NumberedRequest request,
      Place place,
      Verdict verdict,
      Runnable enter) {
    if (verdict.refusal() != null) {
      connection.reply(request, new Reply.Refused(verdict.refusal(), place.room));
    } else if (connection.isEnded()) {
      connection.finished(); // the client was lost while hooks, or the archive, were asked
    } else {
      connection.beforeNext(
          () -> {
            enter.run();
            TokenWatch.accept(place, verdict.grant());
          });
    }
  }

  static void changeRoom(
      ClientConnection connection, NumberedRequest request, Command.ChangeRoom change) {
    Place place = connection.placeIn(change.room());
    ifAdmitted(
        connection,
        request,
        place,
        Permission.JOIN,
        change.token(),
        change.start(),
        history ->
            connection.changeRoom(place, change.start(), replyHears(connection, request, history)));
  }

  static void addRoom(ClientConnection connection, NumberedRequest request, Command.AddRoom add) {
    String room = add.room();
    Place place = connection.placeIn(room);
    if (place.in) {
      connection.reply(request, new Reply.Refused("Error: you are already in this room", room));
    } else if (connection.rooms().size() >= connection.engine().config().limits().rooms()) {
      connection.engine().count(Refusal.ROOMS);
      connection.reply(request, new Reply.Refused("Error: you are in too many rooms", room));
    } else {
      ifAdmitted(
          connection,
          request,
          place,
          Permission.JOIN,
          add.token(),
          add.start(),
          history -> {
            connection.join(place, add.start(), replyHears(connection, request, history));
            connection.track(place);
          });
    }
  }

  static void leaveRoom(ClientConnection connection, NumberedRequest request, String room) {
    Place place = connection.placeIn(room);
    if (!place.in) {
      refuseNotInRoom(connection, request, place);
    } else if (place == connection.place()) {
      String next = connection.engine().config().general().defaultChatRoom();
      changeRoom(connection, request, new Command.ChangeRoom(next, Start.LIVE, null));
    } else {
      connection.leave(place, () -> connection.reply(request, new Reply.DoneIn(room)));
      connection.track(place);
    }
  }

  static void viewRoom(
      ClientConnection connection, NumberedRequest request, Command.ViewRoom view) {
    Place place = connection.placeIn(view.room());
    if (!place.in) {
      refuseNotInRoom(connection, request, place);
      return;
    }
    connection.onceEntered(() -> viewPlace(connection, request, place, view.page()));
  }

  private static void viewPlace(
      ClientConnection connection,
      NumberedRequest request,
      Place place,
      RoomStatus.@Nullable Page page) {
    var unused =
        connection
            .engine()
            .rooms()
            .status(place.room, page)
            .handle(
                (status, failure) ->
                    failure == null
                        ? new Reply.Viewed(status)
                        : new Reply.Refused(BrokerException.explained(failure), place.room))
            .thenAccept(
                reply -> {
                  boolean isLong =
                      reply instanceof Reply.Viewed(RoomStatus status)
                          && status.members().size() > LONG_LIST;
                  answer(connection, request, reply, isLong);
                });
  }

  /** Encodes a long answer on a thread of its own, so that the loop delivers messages meanwhile. */
  private static void answer(
      ClientConnection connection, NumberedRequest request, Reply reply, boolean isLong) {
    if (isLong) {
      Thread.startVirtualThread(
          () -> {
            byte[] encoded = request.encode(reply);
            connection.tell(
                () -> {
                  connection.send(encoded);
                  connection.finished();
                });
          });
    } else {
      connection.tell(() -> connection.reply(request, reply));
    }
  }

  static void readHistory(
      ClientConnection connection, NumberedRequest request, Command.ReadHistory read) {
    Place place = connection.placeIn(read.room());
    if (!place.in && !place.listening) {
      refuseNotInRoom(connection, request, place);
      return;
    }
    connection.charge(read.limit() / MESSAGES_FOR_ONE);
    var asked =
        new ArchiveReader.Request(
            place.room,
            read.before(),
            read.limit(),
            connection.engine().config().limits().answerBytes(),
            place.connection::mayRead);
    var unused =
        connection
            .engine()
            .archive()
            .read(asked)
            .handle(
                (page, failure) ->
                    failure == null
                        ? new Reply.Read(page.excerpt(place.room))
                        : new Reply.Refused(BrokerException.explained(failure), place.room))
            .thenAccept(
                reply -> {
                  boolean isLong =
                      reply instanceof Reply.Read(Excerpt found)
                          && found.messages().size() > LONG_LIST;
                  answer(connection, request, reply, isLong);
                });
  }

  static void listen(ClientConnection connection, NumberedRequest request, Command.Listen listen) {
    String room = listen.room();
    Place place = connection.placeIn(room);
    if (place.listening) {
      connection.reply(request, new Reply.Refused("you are already listening to this room", room));
    } else if (!place.rule.isInbox() && connection.listensToTooMany()) {
      connection.engine().count(Refusal.LISTENS);
      connection.reply(
          request, new Reply.Refused("Error: you are listening to too many rooms", room));
    } else {
      ifAdmitted(
          connection,
          request,
          place,
          Permission.LISTEN,
          listen.token(),
          listen.start(),
          history -> {
            place.listening = true;
            connection.track(place);
            Consumer<Room.Arrival> arrived = replyHears(connection, request, history);
            Shard there = connection.engine().rooms().shard(room);
            there.tell(() -> there.room(room).listen(place, listen.start(), arrived));
          });
    }
  }

  static void silence(ClientConnection connection, NumberedRequest request, String room) {
    Place place = connection.placeIn(room);
    if (!place.listening) {
      connection.reply(request, new Reply.Refused("you are not listening to this room", room));
      return;
    }
    if (place.rule.isInbox()) {
      connection.reply(
          request, new Reply.Refused("you listen to your inbox while logged in", room));
      return;
    }
    connection.stopListening(place, () -> connection.reply(request, new Reply.DoneIn(room)));
    connection.track(place);
  }

  /** Sends the answer with the room's cursor, and then the messages that the client missed. */
  private static Consumer<Room.Arrival> replyHears(
      ClientConnection connection, NumberedRequest request, EntryHistory history) {
    return arrival -> {
      Room.Arrival whole = history.addTo(arrival);
      connection.send(request, new Reply.Receives(whole.heard()));
      connection.sendMissed(whole.missed());
      connection.finished();
    };
  }
}
