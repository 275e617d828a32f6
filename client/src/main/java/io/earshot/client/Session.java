package io.earshot.client;

import static io.earshot.client.MessageFields.optionalText;
import static io.earshot.client.MessageFields.text;

import io.earshot.protocol.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The identity of a client at its server: its ids, and the session by which it resumes.
 *
 * <p>After a welcome the client resumes its session if the server keeps sessions; otherwise, and if
 * the session is no longer known, it enters its rooms again under a new id.
 *
 * <p>Guarded by the lock of its {@link Connection}.
 */
final class Session {
  private final Connection connection;
  private final Requests requests;
  private final Rooms rooms;

  /** Every id that the client has had. A message from one of them is the client's own. */
  private final Set<String> ids = new HashSet<>();

  private String id = "";

  /** The secret by which the server knows the session; null if the server keeps none. */
  private @Nullable String secret;

  Session(Connection connection, Requests requests, Rooms rooms) {
    this.connection = connection;
    this.requests = requests;
    this.rooms = rooms;
  }

  String id() {
    return id;
  }

  boolean isOwn(String from) {
    return ids.contains(from);
  }

  void welcomed(Json.Obj welcome) {
    String previous = secret;
    secret = optionalText(welcome, "session");
    if (!rooms.hasHome()) {
      rooms.enteredHome(welcome);
      var _ =
          identify()
              .whenComplete(
                  (_, failure) -> {
                    if (failure == null) {
                      connection.ready();
                    } // otherwise the transport is lost, and the next one will be welcomed
                  });
    } else if (previous != null) {
      resume(previous);
    } else {
      enterAgain();
    }
  }

  /** Asks the server for the client's id. */
  private CompletableFuture<Json.Obj> identify() {
    return requests
        .control(Map.of("event", "detailsView"))
        .whenComplete(
            (answer, _) -> {
              if (answer != null && answer.get("data") instanceof Json.Obj data) {
                setId(text(data, "id"));
              }
            });
  }

  private void setId(String current) {
    id = current;
    ids.add(current);
  }

  private void resume(String previous) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "resume");
    fields.put("session", previous);
    fields.put("after", rooms.cursors());
    var _ =
        requests
            .control(fields)
            .whenComplete(
                (answer, _) -> {
                  if (answer != null) {
                    resumed(answer);
                  } else if (connection.hasTransport()) {
                    enterAgain();
                  }
                });
  }

  private void resumed(Json.Obj answer) {
    secret = text(answer, "session");
    setId(text(answer, "id"));
    rooms.resumed(answer.get("rooms") instanceof Json.Array(List<Json> all) ? all : List.of());
    connection.ready();
  }

  private void enterAgain() {
    var all = new ArrayList<CompletableFuture<?>>();
    all.add(identify());
    all.addAll(rooms.enterAll());
    Connection.Attempt attempt = connection.current();
    var _ =
        CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
            .whenComplete(
                (_, _) ->
                    connection.locked(
                        () -> {
                          if (connection.isCurrent(attempt)) {
                            connection.ready();
                          }
                        }));
  }
}
