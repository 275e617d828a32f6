package io.earshot.action;

import io.earshot.Action;
import io.earshot.Actions;
import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.RefusedException;
import io.earshot.protocol.Json;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import io.earshot.stats.Incidents.Incident;
import io.earshot.stats.RunOutcome;
import io.earshot.stats.ServerCounts;
import io.earshot.stats.Work;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the actions of a server and runs them on virtual threads, up to the setting {@code
 * limits.runningActions} at once.
 *
 * <p>Thread-safe: a concurrent map and atomic counts.
 */
public final class ActionRunner implements Actions {
  private static final System.Logger LOG = System.getLogger(Actions.class.getName());

  /** The error when too many actions or hooks run. */
  public static final String BUSY = "Error: the server is busy; try again later";

  /** The error for an exception that is not meant for clients; the log has the details. */
  public static final String BROKEN = "Error: " + BrokerException.INTERNAL_ERROR;

  private static final Outcome TOO_LONG =
      new Outcome.Failed(Problem.BROKEN, "Error: the action took too long", Map.of());

  private final Supplier<Api> api;
  private final Refusals refusals;
  private final Duration timeout;
  private final LongSupplier elapsed;
  private final ServerCounts counts;

  /** A permit for each further call that may run. */
  private final Semaphore running;

  /** The number of calls on virtual threads, with or without a permit. */
  private final AtomicInteger underWay = new AtomicInteger();

  private final TimedVirtualThreads threads;
  private final Failures failures;
  private final Map<String, Known> known = new ConcurrentHashMap<>();

  public ActionRunner(
      Supplier<Api> api,
      Config config,
      LongSupplier elapsed,
      TimedVirtualThreads threads,
      Refusals refusals,
      ServerCounts counts,
      Failures failures) {
    this.failures = failures;
    this.api = api;
    this.elapsed = elapsed;
    this.counts = counts;
    this.refusals = refusals;
    this.threads = threads;
    this.timeout = config.general().actionTimeout();
    this.running = new Semaphore(config.limits().runningActions());
  }

  /** Is told of actions that fail. Called on any thread. */
  @FunctionalInterface
  public interface Failures {
    /**
     * An action has failed, or has taken too long.
     *
     * @param error what happened
     */
    void failed(String action, Connection connection, String error);
  }

  /** The outcome of a call. */
  public sealed interface Outcome {
    /** The action succeeded. */
    record Answered(Map<String, Json> fields) implements Outcome {}

    /** The call was refused or failed; {@code fields} are those that the action had put so far. */
    record Failed(Problem problem, String error, Map<String, Json> fields) implements Outcome {}
  }

  /** Why a call failed. */
  public enum Problem {
    UNKNOWN_ACTION(404),
    MISSING_PARAM(422),
    REFUSED(400),
    BUSY(503),
    BROKEN(500);

    /** The HTTP status for this problem. */
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
          "an action's name must have no blanks and no slashes: '" + name + "'");
    }
    known.put(
        name, new Known(action, List.copyOf(action.required()), List.copyOf(action.optional())));
  }

  /** An action, and its params at the time it was added. */
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
   * The right of one call to run. Only the first release counts.
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

  /**
   * Runs an action on a virtual thread.
   *
   * @return the outcome, completed on that thread or at once; cancel it to interrupt the action
   */
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
    long began = elapsed.getAsLong();
    return answer(
        name,
        connection,
        began,
        threads.run(
            "action " + name,
            timeout,
            () -> {
              Outcome result = work(name, asked.action, call);
              call.permit().release();
              underWay.decrementAndGet();
              return result;
            }));
  }

  /** The outcome of work that may exceed its time limit. */
  private CompletableFuture<Outcome> answer(
      String name, Connection connection, long began, CompletableFuture<Outcome> work) {
    var answer = new CompletableFuture<Outcome>();
    var unused =
        work.whenComplete(
            (done, failure) -> {
              counts.ran(Work.ACTION, name, counted(done, failure), elapsed.getAsLong() - began);
              if (failure instanceof TimeoutException) {
                refusals.incidents().note(Incident.SLOW_ACTION, name, timeout.toMillis() + " ms");
                LOG.log(
                    Level.WARNING,
                    "the action " + name + " took longer than " + timeout + " and was interrupted");
                failures.failed(
                    name, connection, "it took longer than " + timeout.toMillis() + " ms");
              }
              answer.complete(failure == null ? done : TOO_LONG);
            });
    Cancellation.forward(answer, work);
    return answer;
  }

  private static RunOutcome counted(@Nullable Outcome done, @Nullable Throwable failure) {
    return switch (done) {
      case Outcome.Answered ignored -> RunOutcome.OK;
      case Outcome.Failed failed ->
          failed.problem == Problem.BROKEN ? RunOutcome.ERROR : RunOutcome.REFUSED;
      case null ->
          failure instanceof CancellationException ? RunOutcome.CANCELLED : RunOutcome.TIMEOUT;
    };
  }

  private Outcome work(String name, Action action, ActionCall call) {
    try {
      action.run(call);
      return new Outcome.Answered(call.answer());
    } catch (RefusedException e) {
      return new Outcome.Failed(Problem.REFUSED, e.words(), call.answer());
    } catch (Throwable e) { // errors too: the caller gets an answer whatever the action does
      // A client that disconnects interrupts its actions; a time limit has been logged already.
      if (!(e instanceof InterruptedException)) {
        refusals.incidents().note(Incident.FAILED_ACTION, name, String.valueOf(e));
        LOG.log(Level.ERROR, "the action " + name + " failed", e);
        failures.failed(name, call.connection(), String.valueOf(e));
      }
      return new Outcome.Failed(Problem.BROKEN, BROKEN, Map.of());
    }
  }

  /** The answer to a call that does not run. */
  private CompletableFuture<Outcome> failed(Problem problem, String error) {
    counts.notRun(Work.ACTION);
    return CompletableFuture.completedFuture(new Outcome.Failed(problem, error, Map.of()));
  }

  /**
   * Whether a call is about the client that asks. A call of no action is: it is a request of that
   * client like any other.
   */
  public boolean needsClient(String name) {
    Known asked = known.get(name);
    return asked == null || asked.action.needsClient();
  }

  /** Whether any action names a param. */
  public boolean understands(String param) {
    return known.values().stream()
        .anyMatch(action -> action.required.contains(param) || action.optional.contains(param));
  }
}
