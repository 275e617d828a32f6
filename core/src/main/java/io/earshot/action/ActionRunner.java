package io.earshot.action;

import io.earshot.Action;
import io.earshot.Actions;
import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.RefusedException;
import io.earshot.protocol.Json;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** What {@link Actions} says, done. */
public final class ActionRunner implements Actions {
  private static final System.Logger LOG = System.getLogger(Actions.class.getName());

  /** What clients are told when too much runs already. */
  public static final String BUSY = "Error: the server is busy; try again later";

  /** What clients are told of an exception that was not meant for them. */
  public static final String BROKEN = "Error: The server experienced an internal error";

  private final Supplier<Api> api;
  private final Refusals refusals;
  private final Duration timeout;

  /** How many more may run. */
  private final Semaphore running;

  private final AtomicInteger underWay = new AtomicInteger();
  private final TimedVirtualThreads threads;
  private final Map<String, Known> known = new ConcurrentHashMap<>();

  public ActionRunner(
      Supplier<Api> api, Config config, TimedVirtualThreads threads, Refusals refusals) {
    this.api = api;
    this.refusals = refusals;
    this.threads = threads;
    this.timeout = config.general().actionTimeout();
    this.running = new Semaphore(config.limits().runningActions());
  }

  /** What became of a call. */
  public sealed interface Outcome {
    /** It ran. */
    record Answered(Map<String, Json> fields) implements Outcome {}

    /** It was refused, or failed; {@code fields} are what it had put by then. */
    record Failed(Problem problem, String error, Map<String, Json> fields) implements Outcome {}
  }

  /** Why a call failed. */
  public enum Problem {
    UNKNOWN_ACTION(404),
    MISSING_PARAM(422),
    REFUSED(400),
    BUSY(503),
    BROKEN(500);

    /** The HTTP status that says so. */
    public final int status;

    Problem(int status) {
      this.status = status;
    }
  }

  @Override
  public void add(Action action) {
    String name = action.name();
    if (name.isEmpty()
        || name.codePoints().anyMatch(c -> c <= ' ' || Character.isISOControl(c) || c == '/')) {
      throw new IllegalArgumentException(
          "an action's name has no blanks and no slashes: '" + name + "'");
    }
    known.put(
        name, new Known(action, List.copyOf(action.required()), List.copyOf(action.optional())));
  }

  /** An action, and what it said of its params when it was added. */
  private record Known(Action action, List<String> required, List<String> optional) {}

  @Override
  public void remove(String name) {
    known.remove(name);
  }

  @Override
  public Optional<Action> find(String name) {
    return Optional.ofNullable(known.get(name)).map(Known::action);
  }

  @Override
  public Collection<Action> all() {
    return known.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(entry -> entry.getValue().action)
        .toList();
  }

  @Override
  public int running() {
    return underWay.get();
  }

  /**
   * The right of one call to run; given back once, by whoever is first.
   *
   * <p>Thread-safe: an atomic flag.
   */
  public static final class Permit {
    private final Semaphore running;
    private final AtomicBoolean released = new AtomicBoolean();

    public Permit(Semaphore running) {
      this.running = running;
    }

    public void release() {
      if (released.compareAndSet(false, true)) {
        running.release();
      }
    }
  }

  /** Runs an action on a virtual thread; the outcome comes from there. */
  public CompletableFuture<Outcome> run(
      String name, Connection connection, Map<String, Json> params) {
    Known asked = known.get(name);
    if (asked == null) {
      String shown = name.isEmpty() ? "{no action}" : name;
      return failed(Problem.UNKNOWN_ACTION, "Error: " + shown + " is not a known action.");
    }
    for (String param : asked.required) {
      Json value = params.get(param);
      if (value == null || value instanceof Json.Null || value.equals(Json.of(""))) {
        return failed(
            Problem.MISSING_PARAM, "Error: " + param + " is a required parameter for this action");
      }
    }
    if (!running.tryAcquire()) {
      refusals.count(Refusal.RUNNING_ACTIONS);
      return failed(Problem.BUSY, BUSY);
    }
    underWay.incrementAndGet();
    var call = new ActionCall(api.get(), connection, params, new Permit(running));
    CompletableFuture<Outcome> outcome =
        threads.run(
            "action " + name,
            timeout,
            () -> {
              Outcome result = work(name, asked.action, call);
              call.permit().release();
              underWay.decrementAndGet();
              return result;
            });
    var _ =
        outcome.exceptionally(
            failure -> {
              if (failure instanceof TimeoutException) {
                LOG.log(
                    Level.WARNING,
                    "the action " + name + " took longer than " + timeout + " and was interrupted");
              }
              return null;
            });
    var answer = new CompletableFuture<Outcome>();
    var _ =
        outcome.whenComplete(
            (done, failure) ->
                answer.complete(
                    failure == null
                        ? done
                        : new Outcome.Failed(
                            Problem.BROKEN, "Error: the action took too long", Map.of())));
    // Who wants the answer no longer lets the action go.
    var _ =
        answer.exceptionally(
            _ -> {
              outcome.cancel(true);
              return null;
            });
    return answer;
  }

  private static Outcome work(String name, Action action, ActionCall call) {
    try {
      action.run(call);
      return new Outcome.Answered(call.answer());
    } catch (RefusedException e) {
      return new Outcome.Failed(Problem.REFUSED, e.words(), call.answer());
    } catch (Throwable e) { // also errors: whatever an action does, its caller is answered
      // Whoever hangs up interrupts it, as often as they like; of one that took too long it is
      // told.
      if (!(e instanceof InterruptedException)) {
        LOG.log(Level.ERROR, "the action " + name + " failed", e);
      }
      return new Outcome.Failed(Problem.BROKEN, BROKEN, Map.of());
    }
  }

  private static CompletableFuture<Outcome> failed(Problem problem, String error) {
    return CompletableFuture.completedFuture(new Outcome.Failed(problem, error, Map.of()));
  }

  /** Names of all params that some action understands. */
  public boolean understands(String param) {
    return known.values().stream()
        .anyMatch(action -> action.required.contains(param) || action.optional.contains(param));
  }
}
