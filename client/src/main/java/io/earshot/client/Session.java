package io.earshot.client;

import static io.earshot.client.MessageFields.optionalText;
import static io.earshot.client.MessageFields.text;

import io.earshot.protocol.Json;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The identity of a client at its server: its ids, and the session by which it resumes.
 *
 * <p>After a welcome the client resumes its session if the server keeps sessions; otherwise, and if
 * the session is no longer known, it enters its rooms again under a new id. While the server asks
 * to try again in a moment, the client repeats the request to resume.
 *
 * <p>Guarded by the lock of its {@link Connection}.
 */
final class Session {
  private final Connection connection;
  private final Requests requests;
  private final Rooms rooms;
  private final Memberships memberships;
  private final Login login;

  /** How long the request to resume is repeated. */
  private final Duration patience;

  /** Every id that the client has had. A message from one of them is the client's own. */
  private final Set<String> ids = new HashSet<>();

  private String id = "";

  /** The secret by which the server knows the session; null if the server keeps none. */
  private @Nullable String secret;

  Session(
      Connection connection,
      Requests requests,
      Rooms rooms,
      Memberships memberships,
      Login login,
      Settings settings) {
    this.connection = connection;
    this.requests = requests;
    this.rooms = rooms;
    this.memberships = memberships;
    this.login = login;
    this.patience = settings.patience();
  }

  String id() {
    return id;
  }

  boolean isOwn(String from) {
    return ids.contains(from);
  }

  /**
   * The server has sent its welcome.
   *
   * @param token the token of the login, if it has to be shown now; else null
   */
  void welcomed(Json.Obj welcome, @Nullable String token) {
    boolean isLoginRequired = text(welcome, "login").equals("required");
    if (token != null) {
      var unused =
          login
              .show(token)
              .whenComplete(
                  (answer, failure) -> {
                    if (answer == null && connection.hasTransport()) {
                      connection.refused(String.valueOf(Futures.cause(failure).getMessage()));
                    } else if (answer != null && !isLoginRequired) {
                      entered(welcome);
                    } // otherwise another welcome follows
                  });
    } else if (isLoginRequired) {
      connection.refused("this server is for users: EarshotClient.builder(uri).login(…)");
    } else {
      login.loggedIn(welcome);
      entered(welcome);
    }
  }

  private void entered(Json.Obj welcome) {
    String previous = secret;
    secret = optionalText(welcome, "session");
    if (rooms.home() == null) {
      rooms.enteredHome(welcome);
      var unused =
          identify()
              .whenComplete(
                  (ignored, failure) -> {
                    if (failure == null) {
                      connection.ready();
                    } // otherwise the transport is lost, and the next one will be welcomed
                  });
    } else if (previous != null) {
      resume(previous, System.nanoTime());
    } else {
      enterAgain();
    }
  }

  /** Asks the server for the client's id. */
  private CompletableFuture<Json.Obj> identify() {
    return requests
        .control(Map.of("event", "detailsView"))
        .whenComplete(
            (answer, ignored) -> {
              if (answer != null && answer.get("data") instanceof Json.Obj data) {
                setId(text(data, "id"));
              }
            });
  }

  private void setId(String current) {
    id = current;
    ids.add(current);
  }

  /**
   * Asks the server to resume a session.
   *
   * @param since when the server was asked first on this connection, by {@link System#nanoTime}
   */
  private void resume(String previous, long since) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "resume");
    fields.put("session", previous);
    fields.put("after", rooms.cursors());
    var unused =
        requests
            .control(fields)
            .whenComplete(
                (answer, failure) -> {
                  if (answer != null) {
                    resumed(answer);
                  } else if (connection.hasTransport()) {
                    notResumed(previous, since, String.valueOf(failure.getMessage()));
                  }
                });
  }

  /** The server has refused to resume the session: for good, or for some milliseconds. */
  private void notResumed(String previous, long since, String refusal) {
    long wait = Requests.waitBeforeRepeating(refusal);
    Duration past = Duration.ofNanos(System.nanoTime() - since);
    if (wait < 0 || past.plusMillis(wait).compareTo(patience) > 0) {
      enterAgain();
      return;
    }
    Attempt attempt = connection.current();
    connection.later(
        wait,
        () -> {
          if (connection.isCurrent(attempt)) {
            resume(previous, since);
          }
        });
  }

  private void resumed(Json.Obj answer) {
    secret = text(answer, "session");
    setId(text(answer, "id"));
    memberships.resumed(MessageFields.items(answer, "rooms"));
    connection.ready();
  }

  private void enterAgain() {
    var all = new ArrayList<CompletableFuture<?>>();
    all.add(identify());
    all.addAll(memberships.enterAll());
    Attempt attempt = connection.current();
    var unused =
        CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
            .whenComplete(
                (ignored, failure) ->
                    connection.locked(
                        () -> {
                          if (connection.isCurrent(attempt)) {
                            connection.ready();
                          }
                        }));
  }
}
