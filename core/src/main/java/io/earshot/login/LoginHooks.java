package io.earshot.login;

import io.earshot.Hooks.LoginHook;
import io.earshot.RefusedException;
import io.earshot.protocol.Json;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The hooks that verify tokens of logins. They run on virtual threads.
 *
 * <p>Thread-safe: a list that is copied when it changes.
 */
public final class LoginHooks {
  private static final System.Logger LOG = System.getLogger(LoginHooks.class.getName());

  private final List<LoginHook> all = new CopyOnWriteArrayList<>();
  private final Duration timeout;

  LoginHooks(Duration timeout) {
    this.timeout = timeout;
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
    var answer = new CompletableFuture<Json.@Nullable Obj>();
    Thread asking = Thread.ofVirtual().name("login").unstarted(() -> answerInto(answer, token));
    var late = new RefusedException("the server took too long to check this token");
    CompletableFuture.delayedExecutor(timeout.toMillis(), TimeUnit.MILLISECONDS)
        .execute(
            () -> {
              if (answer.completeExceptionally(late)) {
                asking.interrupt();
              }
            });
    asking.start();
    return answer;
  }

  private void answerInto(CompletableFuture<Json.@Nullable Obj> answer, String token) {
    try {
      Json.@Nullable Obj claims = null;
      for (LoginHook hook : all) {
        if (claims == null) {
          claims = hook.verify(token);
        }
      }
      answer.complete(claims);
    } catch (RefusedException e) {
      answer.completeExceptionally(e);
    } catch (Throwable e) { // errors too: the client gets an answer whatever the hook does
      if (answer.completeExceptionally(e)) {
        LOG.log(Level.ERROR, "a hook for logins failed", e);
      }
    }
  }
}
