package io.earshot.login;

import io.earshot.Hooks.LoginHook;
import io.earshot.RefusedException;
import io.earshot.action.LogLimit;
import io.earshot.action.TimedVirtualThreads;
import io.earshot.protocol.Json;
import io.earshot.stats.Incidents;
import io.earshot.stats.Incidents.Incident;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeoutException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The hooks that verify tokens of logins. They run on virtual threads.
 *
 * <p>Thread-safe: a list that is copied when it changes.
 */
public final class LoginHooks {
  private static final String NAME = "login hook";
  private static final System.Logger LOG = System.getLogger(LoginHooks.class.getName());

  private final List<LoginHook> all = new CopyOnWriteArrayList<>();
  private final LogLimit logLimit = new LogLimit();
  private final Duration timeout;
  private final TimedVirtualThreads threads;
  private final LongSupplier elapsed;
  private final Incidents incidents;

  /**
   * No hooks yet.
   *
   * @param timeout how long they may take for a token, all together
   * @param threads runs them
   * @param elapsed the clock of durations, in milliseconds
   * @param incidents notes those that fail or take too long
   */
  public LoginHooks(
      Duration timeout, TimedVirtualThreads threads, LongSupplier elapsed, Incidents incidents) {
    this.timeout = timeout;
    this.threads = threads;
    this.elapsed = elapsed;
    this.incidents = incidents;
  }

  /** Adds a hook, which is asked after those that were added before. */
  public void add(LoginHook hook) {
    all.add(hook);
  }

  /** Removes a hook. */
  public void remove(LoginHook hook) {
    all.remove(hook);
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  /**
   * Asks the hooks, one after the other.
   *
   * @return the claims of the token, or null if no hook knows it; failed with a {@link
   *     RefusedException} if one refuses it. Completed on any thread, within the time limit
   */
  CompletableFuture<Json.@Nullable Obj> ask(String token) {
    return threads
        .run("login", timeout, () -> verified(token))
        .exceptionally(this::overdue)
        .thenApply(Answer::get);
  }

  /** What the hooks say: the claims, null for none, or why there are none. */
  private record Answer(Json.@Nullable Obj claims, @Nullable Throwable failure) {
    Json.@Nullable Obj get() {
      if (failure != null) {
        throw new CompletionException(failure);
      }
      return claims;
    }
  }

  /** Called on a virtual thread. */
  private Answer verified(String token) {
    try {
      Json.@Nullable Obj claims = null;
      for (LoginHook hook : all) {
        if (claims == null) {
          claims = hook.verify(token);
        }
      }
      return new Answer(claims, null);
    } catch (RefusedException e) {
      return new Answer(null, e);
    } catch (Throwable e) { // errors too: the client gets an answer whatever the hook does
      // An interruption at the time limit has been answered and logged already.
      if (!(e instanceof InterruptedException)) {
        incidents.note(Incident.FAILED_HOOK, NAME, String.valueOf(e));
        if (logLimit.mayLog(elapsed.getAsLong())) {
          LOG.log(Level.ERROR, "a " + NAME + " failed", e);
        }
      }
      return new Answer(null, e);
    }
  }

  private Answer overdue(Throwable failure) {
    if (!(failure instanceof TimeoutException)) {
      return new Answer(null, failure);
    }
    incidents.note(Incident.SLOW_HOOK, NAME, "longer than " + timeout);
    if (logLimit.mayLog(elapsed.getAsLong())) {
      LOG.log(Level.WARNING, "a {0} took longer than {1} and was interrupted", NAME, timeout);
    }
    return new Answer(null, new RefusedException("the server took too long to check this token"));
  }
}
