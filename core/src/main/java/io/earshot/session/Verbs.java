package io.earshot.session;

import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.action.ActionRunner;
import io.earshot.connection.Participant;
import io.earshot.connection.Place;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Command;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Details;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.room.Room;
import io.earshot.room.Shard;
import io.earshot.session.RequestOrder.NumberedRequest;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Refusal;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Executes requests: one method for each verb.
 *
 * <p>Stateless. Called on the loop of the connection, by {@link RequestOrder}.
 */
final class Verbs {
  private static final System.Logger LOG = System.getLogger(Verbs.class.getName());

  private Verbs() {}

  static void perform(ClientConnection connection, NumberedRequest request) {
    switch (request.command()) {
      case Command.Say say -> say(connection, request, say);
      case Command.ChangeRoom change -> changeRoom(connection, request, change);
      case Command.AddRoom add -> addRoom(connection, request, add);
      case Command.LeaveRoom(String room) -> leaveRoom(connection, request, room);
      case Command.ViewRoom(String room) -> viewRoom(connection, request, room);
      case Command.Listen listen -> listen(connection, request, listen);
      case Command.Silence(String room) -> silence(connection, request, room);
      case Command.Resume(String session, Map<String, Cursor> after) ->
          new Resumption(connection, request, after).begin(session);
      case Command.RefreshToken(String token) ->
          connection.reply(request, refreshed(connection, token));
      case Command.ViewDetails _ ->
          connection.reply(request, new Reply.Detailed(details(connection)));
      case Command.AddParam(String key, String value) ->
          connection.reply(request, addParam(connection, key, value));
      case Command.DeleteParam(String key) -> {
        connection.removeParam(key);
        connection.reply(request, new Reply.Done());
      }
      case Command.ViewParam(String key) -> {
        String value = connection.params().get(key);
        connection.reply(request, new Reply.Params(value == null ? Map.of() : Map.of(key, value)));
      }
      case Command.ViewParams _ -> connection.reply(request, new Reply.Params(connection.params()));
      case Command.DeleteParams _ -> {
        connection.removeParams();
        connection.reply(request, new Reply.Done());
      }
      case Command.Act(String name, Map<String, Json> given) -> {
        act(connection, request, name, given == null ? storedParams(connection) : given);
        connection.finished(); // later requests do not wait for the answer of an action
      }
      case Command.Quit _ -> connection.endByRequest(request);
      case Command.Malformed(String error) -> connection.reply(request, new Reply.Refused(error));
    }
  }

  // --- messages --------------------------------------------------------------------------------

  private static void say(ClientConnection connection, NumberedRequest request, Command.Say say) {
    Place speaker = connection.placeIn(say.room());
    if (!speaker.in) {
      refuseNotInRoom(connection, request, speaker);
      return;
    }
    Audience audience = say.audience() != null ? say.audience() : connection.audience();
    boolean isDecided =
        connection
            .engine()
            .admission()
            .say(
                speaker,
                say.message(),
                null,
                audience,
                request.messageId(),
                spoken -> connection.reply(request, reply(spoken, speaker.room)));
    if (!isDecided) {
      connection.waitForHooks();
    }
  }

  private static Reply reply(Room.SayResult spoken, String room) {
    if (spoken.refusal() != null) {
      return new Reply.Refused(spoken.refusal(), room);
    }
    return spoken.place() == null ? new Reply.Done() : new Reply.Said(spoken.place());
  }

  private static void refuseNotInRoom(
      ClientConnection connection, NumberedRequest request, Place place) {
    connection.reply(request, new Reply.Refused(Participant.NOT_IN_ROOM, place.room));
  }

  // --- rooms -----------------------------------------------------------------------------------

  /** Enters a room if the client may, and else refuses the request. */
  private static void ifAdmitted(
      ClientConnection connection,
      NumberedRequest request,
      Place place,
      Permission what,
      @Nullable String token,
      Runnable enter) {
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
              } else if (connection.isEnded()) {
                connection.finished(); // the client was lost while hooks were asked
              } else {
                connection.beforeNext(
                    () -> {
                      enter.run();
                      connection.accept(place, verdict.grant());
                    });
              }
            });
  }

  private static void changeRoom(
      ClientConnection connection, NumberedRequest request, Command.ChangeRoom change) {
    Place place = connection.placeIn(change.room());
    ifAdmitted(
        connection,
        request,
        place,
        Permission.JOIN,
        change.token(),
        () -> connection.changeRoom(place, change.after(), replyHears(connection, request)));
  }

  private static void addRoom(
      ClientConnection connection, NumberedRequest request, Command.AddRoom add) {
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
          () -> {
            connection.join(place, add.after(), replyHears(connection, request));
            connection.track(place);
          });
    }
  }

  private static void leaveRoom(ClientConnection connection, NumberedRequest request, String room) {
    Place place = connection.placeIn(room);
    if (!place.in) {
      refuseNotInRoom(connection, request, place);
    } else if (place == connection.place()) {
      String next = connection.engine().config().general().defaultChatRoom();
      changeRoom(connection, request, new Command.ChangeRoom(next, null, null));
    } else {
      connection.leave(place, () -> connection.reply(request, new Reply.DoneIn(room)));
      connection.track(place);
    }
  }

  private static void viewRoom(
      ClientConnection connection, NumberedRequest request, @Nullable String room) {
    Place place = connection.placeIn(room);
    if (!place.in) {
      refuseNotInRoom(connection, request, place);
      return;
    }
    var _ =
        connection
            .engine()
            .rooms()
            .status(place.room)
            .handle(
                (status, failure) ->
                    failure == null
                        ? new Reply.Viewed(status)
                        : new Reply.Refused(BrokerException.explained(failure), place.room))
            .thenAccept(reply -> connection.tell(() -> connection.reply(request, reply)));
  }

  private static void listen(
      ClientConnection connection, NumberedRequest request, Command.Listen listen) {
    String room = listen.room();
    Place place = connection.placeIn(room);
    if (place.listening) {
      connection.reply(request, new Reply.Refused("you are already listening to this room", room));
    } else if (connection.listening().size()
        >= connection.engine().config().limits().listeningRooms()) {
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
          () -> {
            place.listening = true;
            connection.track(place);
            Consumer<Room.Arrival> arrived = replyHears(connection, request);
            Shard there = connection.engine().rooms().shard(room);
            there.tell(() -> there.room(room).listen(place, listen.after(), arrived));
          });
    }
  }

  private static void silence(ClientConnection connection, NumberedRequest request, String room) {
    Place place = connection.placeIn(room);
    if (!place.listening) {
      connection.reply(request, new Reply.Refused("you are not listening to this room", room));
      return;
    }
    connection.stopListening(place, () -> connection.reply(request, new Reply.DoneIn(room)));
    connection.track(place);
  }

  /** Sends the answer with the room's cursor, and then the messages that the client missed. */
  private static Consumer<Room.Arrival> replyHears(
      ClientConnection connection, NumberedRequest request) {
    return arrival -> {
      connection.send(request, new Reply.Receives(arrival.heard()));
      connection.sendMissed(arrival.missed());
      connection.finished();
    };
  }

  // --- the connection itself -------------------------------------------------------------------

  private static Reply refreshed(ClientConnection connection, String token) {
    try {
      return connection.refresh(token);
    } catch (RefusedException e) {
      return new Reply.Refused(String.valueOf(e.getMessage()));
    }
  }

  private static Details details(ClientConnection connection) {
    return new Details(
        connection.id(),
        connection.connectedAt().toEpochMilli(),
        connection.params(),
        connection.room(),
        connection.rooms(),
        connection.listening(),
        connection.totalActions(),
        connection.pendingActions());
  }

  private static Reply addParam(ClientConnection connection, String key, String value) {
    if (connection.addParam(key, value)) {
      return new Reply.Done();
    }
    connection.engine().count(Refusal.PARAMS);
    return new Reply.Refused("Error: too many params, or too long ones");
  }

  // --- actions ---------------------------------------------------------------------------------

  private static void act(
      ClientConnection connection, NumberedRequest request, String name, Map<String, Json> given) {
    int limit = connection.engine().config().general().simultaniousActions();
    if (connection.pendingActions() >= limit) {
      connection.engine().count(Refusal.PENDING_ACTIONS);
      connection.send(request, new Reply.Refused("you have too many pending requests"));
      return;
    }
    connection.actionStarted();
    var _ =
        connection
            .engine()
            .actions()
            .run(name, connection, given)
            .thenApply(outcome -> encode(connection, request, name, outcome)) // its own thread
            .thenAccept(answer -> connection.tell(() -> connection.actionEnded(answer)));
  }

  private static byte[] encode(
      ClientConnection connection,
      NumberedRequest request,
      String action,
      ActionRunner.Outcome outcome) {
    try {
      byte[] json = request.encode(reply(outcome));
      connection.engine().config().limits().checkAnswer(json.length);
      return json;
    } catch (IllegalArgumentException e) {
      LOG.log(Level.ERROR, "the answer of action " + action + " cannot be sent", e);
      return request.encode(new Reply.Refused(ActionRunner.BROKEN));
    }
  }

  private static Reply reply(ActionRunner.Outcome outcome) {
    return switch (outcome) {
      case ActionRunner.Outcome.Answered(var fields) -> new Reply.Answered(fields, null);
      case ActionRunner.Outcome.Failed(_, String error, var fields) ->
          new Reply.Answered(fields, error);
    };
  }

  /** The params of the connection, for an action that is called without params. */
  private static Map<String, Json> storedParams(ClientConnection connection) {
    var stored = new LinkedHashMap<String, Json>();
    connection.params().forEach((key, value) -> stored.put(key, Json.of(value)));
    return stored;
  }
}
