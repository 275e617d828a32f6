package io.earshot.session;

import io.earshot.RefusedException;
import io.earshot.action.ActionRunner;
import io.earshot.connection.Participant;
import io.earshot.connection.Place;
import io.earshot.connection.TokenWatch;
import io.earshot.events.EventKind;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Command;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Details;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import io.earshot.protocol.Signal;
import io.earshot.room.RoomOrder;
import io.earshot.session.RequestOrder.NumberedRequest;
import io.earshot.spi.Login;
import io.earshot.spi.Refusal;
import io.earshot.token.SignedToken;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Executes requests: one method for each verb, here or in {@link RoomVerbs}.
 *
 * <p>Stateless. Called on the loop of the connection, by {@link RequestOrder}.
 */
final class Verbs {
  private static final System.Logger LOG = System.getLogger(Verbs.class.getName());

  private Verbs() {}

  static void perform(ClientConnection connection, NumberedRequest request) {
    switch (request.command()) {
      case Command.Say say -> say(connection, request, say);
      case Command.SendSignal signal -> connection.reply(request, signal(connection, signal));
      case Command.ChangeRoom change -> RoomVerbs.changeRoom(connection, request, change);
      case Command.AddRoom add -> RoomVerbs.addRoom(connection, request, add);
      case Command.LeaveRoom(String room) -> RoomVerbs.leaveRoom(connection, request, room);
      case Command.ViewRoom view -> RoomVerbs.viewRoom(connection, request, view);
      case Command.Listen listen -> RoomVerbs.listen(connection, request, listen);
      case Command.Silence(String room) -> RoomVerbs.silence(connection, request, room);
      case Command.ReadHistory read -> RoomVerbs.readHistory(connection, request, read);
      case Command.Resume(String session, Map<String, Cursor> after) ->
          new Resumption(connection, request, after).begin(session);
      case Command.RefreshToken(String token) -> {
        if (SignedToken.kind(token) == SignedToken.Kind.LOGIN) {
          logIn(connection, request, token, null);
        } else {
          connection.reply(request, refreshed(connection, token));
        }
      }
      case Command.Login(String token, Cursor inbox) -> logIn(connection, request, token, inbox);
      case Command.ViewDetails ignored ->
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
      case Command.ViewParams ignored ->
          connection.reply(request, new Reply.Params(connection.params()));
      case Command.DeleteParams ignored -> {
        connection.removeParams();
        connection.reply(request, new Reply.Done());
      }
      case Command.Act(String name, Map<String, Json> given) -> {
        act(connection, request, name, given == null ? storedParams(connection) : given);
        connection.finished(); // later requests do not wait for the answer of an action
      }
      case Command.Quit ignored -> connection.endByRequest(request);
      case Command.Malformed(String error) -> connection.reply(request, new Reply.Refused(error));
    }
  }

  // --- messages --------------------------------------------------------------------------------

  private static void say(ClientConnection connection, NumberedRequest request, Command.Say say) {
    Place speaker = connection.placeIn(say.room());
    if (!speaker.mayBeSpokenIn()) {
      speaker.recordRefusal(EventKind.SAY_REFUSED, Participant.NOT_IN_ROOM);
      RoomVerbs.refuseNotInRoom(connection, request, speaker);
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
                RoomOrder.TracedSay.of(
                    connection.engine().sayTracer(),
                    speaker.room,
                    say.traceparent(),
                    spoken -> connection.reply(request, reply(spoken, speaker.room))));
    if (!isDecided) {
      connection.waitForHooks();
    }
  }

  private static Reply signal(ClientConnection connection, Command.SendSignal signal) {
    Place sender = connection.placeIn(signal.room());
    String refusal =
        !sender.mayBeSpokenIn()
            ? Participant.NOT_IN_ROOM
            : connection.audience() != null
                ? Signal.NO_AUDIENCE
                : connection
                    .engine()
                    .admission()
                    .refusalToSignal(sender, signal.content(), sender.grant);
    if (refusal != null) {
      return new Reply.Refused(refusal, sender.room);
    }
    connection.signal(sender, signal.content(), signal.kind());
    return new Reply.DoneIn(sender.room);
  }

  private static Reply reply(RoomOrder.SayResult spoken, String room) {
    return spoken.place() == null
        ? new Reply.Refused(String.valueOf(spoken.refusal()), room)
        : new Reply.Said(spoken.place());
  }

  // --- the connection itself -------------------------------------------------------------------

  private static Reply refreshed(ClientConnection connection, String token) {
    try {
      return TokenWatch.refresh(connection, token);
    } catch (RefusedException e) {
      return new Reply.Refused(String.valueOf(e.getMessage()));
    }
  }

  private static void logIn(
      ClientConnection connection, NumberedRequest request, String token, @Nullable Cursor inbox) {
    Opening.check(
        connection,
        token,
        (verified, refusal) -> {
          connection.appear(true);
          Login login = connection.login();
          if (verified == null || login == null) {
            connection.reply(request, new Reply.Refused(refusal));
            return;
          }
          Long until = login.until() == Long.MAX_VALUE ? null : login.until();
          Opening opening = connection.opening;
          if (opening != null) { // the welcome tells of the inbox, since a hook may change the user
            connection.send(request, new Reply.LoggedIn(login.user(), until, null));
            opening.loggedIn(verified, inbox);
            return;
          }
          Inbox.listen(
              connection,
              inbox,
              arrival -> {
                Reply.Received heard = arrival == null ? null : arrival.heard();
                connection.send(request, new Reply.LoggedIn(login.user(), until, heard));
                Inbox.sendMissed(connection, arrival);
                connection.finished();
              });
        });
  }

  private static Details details(ClientConnection connection) {
    return new Details(
        connection.id(),
        connection.user(),
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
    connection.onceEntered(() -> run(connection, request, name, given));
  }

  private static void run(
      ClientConnection connection, NumberedRequest request, String name, Map<String, Json> given) {
    var unused =
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
      case ActionRunner.Outcome.Failed failed ->
          new Reply.Answered(failed.fields(), failed.error());
    };
  }

  /** The params of the connection, for an action that is called without params. */
  private static Map<String, Json> storedParams(ClientConnection connection) {
    var stored = new LinkedHashMap<String, Json>();
    connection.params().forEach((key, value) -> stored.put(key, Json.of(value)));
    return stored;
  }
}
