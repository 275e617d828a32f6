package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The login of a client: the tokens that the program gives, and the user that the server names.
 *
 * <p>Guarded by the lock of its {@link Connection}.
 */
final class Login {
  private final Connection connection;
  private final Requests requests;
  private final Rooms rooms;
  private final Memberships memberships;
  private final @Nullable Callable<@Nullable String> source;
  private final Backoff backoff;
  private final Duration patience;

  private @Nullable User user;

  /** Whether the server has ended the login. */
  private boolean hasEnded;

  /** Whether a newer token is being shown on the current transport. */
  private boolean isRenewing;

  /** How many connections in a row the server has refused. */
  private int refusals;

  Login(
      Connection connection,
      Requests requests,
      Rooms rooms,
      Memberships memberships,
      Settings settings) {
    this.connection = connection;
    this.requests = requests;
    this.rooms = rooms;
    this.memberships = memberships;
    this.source = settings.login();
    this.backoff = settings.backoff();
    this.patience = settings.patience();
  }

  @Nullable User user() {
    return user;
  }

  /** Whether rooms that the client has lost by the end of its login may admit it in a moment. */
  boolean isRenewing() {
    return isRenewing;
  }

  /**
   * Asks the program for a token, on a virtual thread since the program may block.
   *
   * @param then called under the lock with the token, which may be null, or with the failure;
   *     unless the attempt to connect was given up meanwhile
   */
  void load(BiConsumer<@Nullable String, @Nullable EarshotException> then) {
    if (source == null) {
      then.accept(null, null);
      return;
    }
    Attempt attempt = connection.current();
    var asked = new CompletableFuture<@Nullable String>();
    Threads.PER_TASK.execute(
        () -> {
          try {
            asked.complete(checked(source.call()));
          } catch (Exception e) {
            asked.completeExceptionally(e);
          }
        });
    var unused =
        asked
            .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
            .whenComplete(
                (token, failure) ->
                    connection.locked(
                        () -> {
                          if (connection.isCurrent(attempt)) {
                            then.accept(token, failure == null ? null : noToken(failure));
                          }
                        }));
  }

  /** Throws if a token cannot be in a header. It is a secret, which no message may have. */
  private static @Nullable String checked(@Nullable String token) {
    if (token != null && !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new EarshotException("the login's token has characters that no header can have");
    }
    return token;
  }

  private EarshotException noToken(Throwable failure) {
    String why =
        failure instanceof TimeoutException
            ? "none came in " + patience.toMillis() + " ms"
            : Transport.reason(failure);
    return new EarshotException("no token for the login: " + why, failure);
  }

  /** Shows the server a token on the current transport. Completed under the lock. */
  CompletableFuture<Json.Obj> show(String token) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("event", "login");
    fields.put("token", token);
    Cursor known = rooms.inbox().events().known();
    if (known != null) {
      fields.put("inbox", known.toString());
    }
    return requests.control(fields).whenComplete((answer, ignored) -> loggedIn(answer));
  }

  /** The server has said who the client is, in a welcome or in an answer. */
  void loggedIn(Json.@Nullable Obj told) {
    if (told != null) {
      hasEnded = false;
      user = MessageFields.user(told);
      if (told.get("inbox") instanceof Json.Obj inbox) {
        rooms.inbox().begin(inbox);
      }
    }
  }

  /** The server will end the login, or has ended it: a newer token of the same user renews it. */
  void ends(boolean isEnd) {
    if (isEnd) {
      hasEnded = true;
      user = null;
    }
    if (source != null && !isRenewing) {
      isRenewing = true;
      renew(0);
    }
  }

  private void renew(int failures) {
    load(
        (token, failure) -> {
          if (failure != null) {
            renewLater(backoff.millis(failures), failures + 1);
          } else if (token == null) {
            renewed();
          } else {
            var unused = show(token).whenComplete((ignored, refusal) -> shown(refusal, failures));
          }
        });
  }

  private void shown(@Nullable Throwable refusal, int failures) {
    long wait =
        refusal == null
            ? -1
            : Requests.waitBeforeRepeating(String.valueOf(Futures.cause(refusal).getMessage()));
    if (wait >= 0) {
      renewLater(wait, failures);
    } else if (connection.hasTransport()) {
      renewed(); // or refused: then the rooms say so as well
    }
  }

  private void renewLater(long wait, int failures) {
    Attempt attempt = connection.current();
    connection.later(
        wait,
        () -> {
          if (connection.isCurrent(attempt)) {
            renew(failures);
          }
        });
  }

  private void renewed() {
    isRenewing = false;
    memberships.enterMissing();
  }

  void ready() {
    refusals = 0;
  }

  void disconnected() {
    isRenewing = false;
  }

  /**
   * Whether to connect once more though the server has refused the client: its login may have
   * ended, and the program may give a newer token.
   */
  boolean mayShowAnother() {
    if (source == null) {
      return false;
    }
    boolean isFirst = hasEnded || (!connection.isOpen() && refusals == 0);
    refusals++;
    hasEnded = false;
    return isFirst;
  }
}
