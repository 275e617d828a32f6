package io.earshot.client;

import static io.earshot.client.MessageFields.cursor;
import static io.earshot.client.MessageFields.encoded;
import static io.earshot.client.MessageFields.message;
import static io.earshot.client.MessageFields.optionalText;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The requests of a client that the server has not answered yet.
 *
 * <p>Requests of the program wait while the connection is lost, and are sent again if repeating
 * them does no harm. Control requests keep the connection itself going, and fail with its
 * transport.
 *
 * <p>Guarded by the lock of its {@link Connection}; the methods that return a {@link
 * CompletionStage} take it.
 */
final class Requests {

  /** The most requests of the program that may wait for an answer. */
  private static final int LIMIT = 10_000;

  private static final Pattern TOO_MANY =
      Pattern.compile("Error: too many messages.*try again in (\\d{1,6}) ms");
  private static final Pattern TRY_AGAIN = Pattern.compile(".*; try again in (\\d{1,6}) ms");
  private static final Pattern TOO_LONG = Pattern.compile(".*have at most (\\d{1,9}) bytes");

  private static final String LOST = "the connection was lost: ";

  private final Connection connection;
  private final Duration patience;
  private final @Nullable Mapper mapper;

  /** The program's requests by message id, in the order in which it made them. */
  private final Map<String, Request> pending = new LinkedHashMap<>();

  /** The control requests of the current transport by message id. */
  private final Map<String, CompletableFuture<Json.Obj>> controls = new LinkedHashMap<>();

  private long lastNumber;

  /** The longest request that the server takes, in bytes; 0 while it is unknown. */
  private long mostBytes;

  /** A request of the program. */
  private static final class Request {
    final Json.Obj json;

    /** Whether the server does it once, however often it is sent. */
    final boolean isRepeatable;

    final CompletableFuture<Json.Obj> answer = new CompletableFuture<>();

    /** Whether it was sent over the current transport. */
    boolean isSent;

    Request(Json.Obj json, boolean isRepeatable) {
      this.json = json;
      this.isRepeatable = isRepeatable;
    }
  }

  Requests(Connection connection, Settings settings) {
    this.connection = connection;
    this.patience = settings.patience();
    this.mapper = settings.mapper();
  }

  // --- of the program --------------------------------------------------------------------------

  CompletionStage<Cursor> say(
      String room, Object message, @Nullable String key, @Nullable String value) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "say");
    fields.put("room", room);
    fields.put("message", message);
    if (key != null) {
      fields.put("roomMatchKey", key);
      fields.put("roomMatchValue", String.valueOf(value));
    }
    // The server recognises a repeated message by an id that is long enough to be unique.
    return request(fields, UUID.randomUUID().toString(), true)
        .thenApply(
            answer -> {
              Cursor at = cursor(answer);
              return at == null ? new Cursor("", 0) : at;
            });
  }

  CompletionStage<Boolean> signal(String room, Object signal, @Nullable String kind) {
    if (!connection.read(connection::isOpen)) {
      return CompletableFuture.completedFuture(false);
    }
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "signal");
    fields.put("room", room);
    fields.put("signal", signal);
    if (kind != null) {
      fields.put("kind", kind);
    }
    return request(fields, nextMessageId(), false)
        .thenApply(ignored -> true)
        .exceptionally(
            failure -> {
              String why = String.valueOf(Futures.cause(failure).getMessage());
              if (waitBeforeRepeating(why) >= 0 || why.startsWith(LOST)) {
                return false;
              }
              throw new CompletionException(Futures.cause(failure));
            });
  }

  CompletionStage<RoomStatus> members(String room) {
    return request(Map.of("event", "roomView", "room", room), nextMessageId(), true)
        .thenApply(answer -> MessageFields.status(room, answer));
  }

  CompletionStage<Room.Page> history(String room, @Nullable Cursor before, int limit) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "history");
    fields.put("room", room);
    fields.put("limit", limit);
    if (before != null) {
      fields.put("before", before.toString());
    }
    return request(fields, nextMessageId(), true)
        .thenApply(
            answer -> {
              var messages = new ArrayList<Event.Message>();
              for (Json each : MessageFields.items(answer, "messages")) {
                if (each instanceof Json.Obj said) {
                  Json message = said.get("message");
                  Cursor place = cursor(said);
                  if (message != null && place != null) {
                    messages.add(message(said, message, place, mapper));
                  }
                }
              }
              return new Room.Page(messages, Json.of(true).equals(answer.get("more")));
            });
  }

  CompletionStage<Map<String, Json>> action(String name, Map<String, ?> params) {
    var given = new LinkedHashMap<String, Object>(params);
    given.put("action", name);
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "action");
    fields.put("params", given);
    return request(fields, nextMessageId(), false)
        .thenApply(
            answer -> {
              connection.locked(connection.memberships()::acted);
              var all = new LinkedHashMap<>(answer.fields());
              List.of("context", "messageCount", "messageId").forEach(all::remove);
              return all;
            });
  }

  private String nextMessageId() {
    return connection.read(() -> "q" + ++lastNumber);
  }

  private CompletableFuture<Json.Obj> request(
      Map<String, ?> fields, String messageId, boolean isRepeatable) {
    Request request;
    try {
      request = new Request(withMessageId(fields, messageId), isRepeatable);
    } catch (EarshotException e) {
      return CompletableFuture.failedFuture(e); // a value of the program that has no JSON
    }
    connection.locked(
        () -> {
          if (connection.isClosed()) {
            Futures.fail(request.answer, connection.closedFailure());
          } else if (pending.size() >= LIMIT) {
            Futures.fail(
                request.answer,
                new EarshotException(LIMIT + " requests wait for an answer already"));
          } else {
            pending.put(messageId, request);
            flush();
          }
        });
    return request
        .answer
        .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
        .whenComplete((ignored, failure) -> connection.locked(() -> pending.remove(messageId)));
  }

  /** Sets the longest request that the server takes, as its welcome says, in bytes. */
  void limit(long bytes) {
    mostBytes = bytes;
  }

  /** Sends what was not sent over the current transport, in order. */
  void flush() {
    if (!connection.isOpen()) {
      return;
    }
    for (Map.Entry<String, Request> each : List.copyOf(pending.entrySet())) {
      Request request = each.getValue();
      if (request.isSent) {
        continue;
      }
      if (mostBytes > 0 && request.json.encode().length > mostBytes) {
        pending.remove(each.getKey());
        Futures.fail(
            request.answer,
            new EarshotException("messages have at most " + mostBytes + " bytes; it was not sent"));
        continue;
      }
      request.isSent = true;
      connection.send(encoded(request.json));
    }
  }

  // --- of the connection -----------------------------------------------------------------------

  /** Sends a control request now. The future is completed under the lock. */
  CompletableFuture<Json.Obj> control(Map<String, ?> fields) {
    String messageId = "c" + ++lastNumber;
    var answer = new CompletableFuture<Json.Obj>();
    controls.put(messageId, answer);
    connection.send(encoded(withMessageId(fields, messageId)));
    return answer;
  }

  private Json.Obj withMessageId(Map<String, ?> fields, String messageId) {
    var all = new LinkedHashMap<String, Object>(fields);
    all.put("messageId", messageId);
    return (Json.Obj) JsonValues.json(all, mapper);
  }

  // --- answers and failures --------------------------------------------------------------------

  void answered(String messageId, Json.Obj reply) {
    String error = optionalText(reply, "error");
    CompletableFuture<Json.Obj> control = controls.remove(messageId);
    Request request = pending.get(messageId);
    if (control != null) {
      if (error == null) {
        control.complete(reply);
      } else {
        control.completeExceptionally(new EarshotException(error));
      }
    } else if (request != null) {
      Matcher tooMany = error == null ? null : TOO_MANY.matcher(error);
      if (tooMany != null && tooMany.matches()) {
        request.isSent = false;
        connection.later(Long.parseLong(tooMany.group(1)), this::flush);
        return;
      }
      pending.remove(messageId);
      if (error == null) {
        Futures.complete(request.answer, reply);
      } else {
        Futures.fail(request.answer, new EarshotException(error));
      }
    }
  }

  /**
   * After how many milliseconds the server asks to repeat a request that it has refused.
   *
   * @return less than 0 if it does not ask for that
   */
  static long waitBeforeRepeating(String refusal) {
    Matcher again = TRY_AGAIN.matcher(refusal);
    return again.matches() ? Long.parseLong(again.group(1)) : -1;
  }

  /**
   * Fails the requests that are longer than the server takes, if that is why it ended the
   * transport: it would end the next one as well.
   */
  void refuseTooLong(String reason) {
    Matcher tooLong = TOO_LONG.matcher(reason);
    if (!tooLong.matches()) {
      return;
    }
    int most = Integer.parseInt(tooLong.group(1));
    for (Map.Entry<String, Request> each : List.copyOf(pending.entrySet())) {
      Request request = each.getValue();
      if (request.isSent && request.json.encode().length > most) {
        pending.remove(each.getKey());
        Futures.fail(request.answer, new EarshotException(reason));
      }
    }
  }

  /** Fails what must not be sent again; the rest waits for the next transport. */
  void disconnected(String reason) {
    var failure = new EarshotException(LOST + reason);
    List.copyOf(controls.values()).forEach(control -> control.completeExceptionally(failure));
    controls.clear();
    refuseTooLong(reason);
    for (Map.Entry<String, Request> each : List.copyOf(pending.entrySet())) {
      Request request = each.getValue();
      if (request.isSent && !request.isRepeatable) {
        pending.remove(each.getKey());
        Futures.fail(request.answer, failure);
      }
      request.isSent = false;
    }
  }

  void close() {
    EarshotException failure = connection.closedFailure();
    pending.values().forEach(request -> Futures.fail(request.answer, failure));
    pending.clear();
  }
}
