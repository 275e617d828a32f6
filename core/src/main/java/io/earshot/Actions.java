package io.earshot;

import io.earshot.protocol.Json;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The actions of a server, by name.
 *
 * <p>Thread-safe: a concurrent map of actions, and a semaphore for how many run.
 */
public final class Actions {
  private static final System.Logger LOG = System.getLogger(Actions.class.getName());

  private final Api api;
  private final Duration timeout;
  private final Semaphore running;
  private final Map<String, Action> actions = new ConcurrentHashMap<>();

  Actions(Api api, Config config) {
    this.api = api;
    this.timeout = config.general().actionTimeout();
    this.running = new Semaphore(config.limits().runningActions());
  }

  /** What became of a call. */
  sealed interface Outcome {
    /** It ran. */
    record Answered(Map<String, Json> fields) implements Outcome {}

    /** It was refused, or failed; {@code fields} are what it had put by then. */
    record Failed(Problem problem, String error, Map<String, Json> fields) implements Outcome {}
  }

  /** Why a call failed. */
  enum Problem {
    UNKNOWN_ACTION(404),
    MISSING_PARAM(422),
    REFUSED(400),
    BUSY(503),
    BROKEN(500);

    /** The HTTP status that says so. */
    final int status;

    Problem(int status) {
      this.status = status;
    }
  }

  /**
   * Adds an action; one of the same name is replaced, and calls of it that run go on.
   *
   * @param action the action
   * @throws IllegalArgumentException if its name is empty or holds blanks or control characters
   */
  public void add(Action action) {
    String name = action.name();
    if (name.isEmpty()
        || name.codePoints().anyMatch(c -> c <= ' ' || Character.isISOControl(c) || c == '/')) {
      throw new IllegalArgumentException(
          "an action's name has no blanks and no slashes: '" + name + "'");
    }
    actions.put(name, action);
  }

  /**
   * Takes an action away.
   *
   * @param name its name
   */
  public void remove(String name) {
    actions.remove(name);
  }

  /**
   * Finds an action.
   *
   * @param name its name
   * @return the action, or empty if there is none
   */
  public Optional<Action> find(String name) {
    return Optional.ofNullable(actions.get(name));
  }

  /**
   * All actions.
   *
   * @return the actions in the order of their names
   */
  public Collection<Action> all() {
    return actions.values().stream().sorted(Comparator.comparing(Action::name)).toList();
  }

  /** Runs an action on a virtual thread; the outcome comes from there. */
  CompletionStage<Outcome> run(String name, Connection connection, Map<String, Json> params) {
    Action action = actions.get(name);
    if (action == null) {
      String shown = name.isEmpty() ? "{no action}" : name;
      return failed(Problem.UNKNOWN_ACTION, "Error: " + shown + " is not a known action.");
    }
    for (String param : action.required()) {
      Json value = params.get(param);
      if (value == null || value instanceof Json.Null || value.equals(Json.of(""))) {
        return failed(
            Problem.MISSING_PARAM, "Error: " + param + " is a required parameter for this action");
      }
    }
    if (!running.tryAcquire()) {
      return failed(Problem.BUSY, "Error: the server is busy; try again later");
    }
    var outcome = new CompletableFuture<Outcome>();
    var call = new Call(api, connection, params);
    Thread thread =
        Thread.ofVirtual()
            .name("action " + name)
            .unstarted(
                () -> {
                  try {
                    outcome.complete(work(action, call));
                  } finally {
                    running.release();
                  }
                });
    outcome
        .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(
            _ -> {
              thread.interrupt();
              LOG.log(
                  Level.WARNING,
                  "the action " + name + " took longer than " + timeout + " and was interrupted");
              return null;
            });
    thread.start();
    return outcome.exceptionally(
        _ -> new Outcome.Failed(Problem.BROKEN, "Error: the action took too long", Map.of()));
  }

  private static Outcome work(Action action, Call call) {
    try {
      action.run(call);
      return new Outcome.Answered(call.answer());
    } catch (RefusedException e) {
      String message = String.valueOf(e.getMessage());
      String error = message.startsWith("Error: ") ? message : "Error: " + message;
      return new Outcome.Failed(Problem.REFUSED, error, call.answer());
    } catch (Throwable e) { // also errors: whatever an action does, its caller is answered
      LOG.log(Level.ERROR, "the action " + action.name() + " failed", e);
      return new Outcome.Failed(
          Problem.BROKEN, "Error: The server experienced an internal error", Map.of());
    }
  }

  private static CompletionStage<Outcome> failed(Problem problem, String error) {
    return CompletableFuture.completedFuture(new Outcome.Failed(problem, error, Map.of()));
  }

  /** Names of all params that some action understands. */
  boolean understands(String param) {
    return actions.values().stream()
        .anyMatch(action -> action.required().contains(param) || action.optional().contains(param));
  }

  /** For tests and status. */
  List<String> names() {
    return all().stream().map(Action::name).toList();
  }
}
