package io.earshot.hook;

import io.earshot.Config;
import io.earshot.RefusedException;
import io.earshot.action.ActionRunner;
import io.earshot.action.TimedVirtualThreads;
import io.earshot.stats.Incidents;
import io.earshot.stats.Incidents.Incident;
import io.earshot.stats.RunOutcome;
import io.earshot.stats.ServerCounts;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds the hooks of a server and runs them on virtual threads: one question at a time for each
 * connection.
 *
 * <p>Thread-safe: the hooks are an immutable list, replaced as a whole under a lock; counts are
 * atomic. A question begins and ends on the event loop of its connection.
 */
public final class HookRunner {
  private static final System.Logger LOG = System.getLogger(HookRunner.class.getName());

  /** The wait before another attempt to notify a hook, if too many hooks run, in milliseconds. */
  private static final long RETRY = 20;

  /** How many attempts a millisecond there are, at most, for events for which nothing waits. */
  private static final int ASIDE_PER_MILLI = 20;

  /** A hook that takes so long is an incident, in milliseconds: clients wait for it. */
  private static final long SLOW = 1_000;

  /** The most events of all connections that wait for hooks for which nothing waits. */
  static final int MOST_ASIDE = 10_000;

  private final Config.Hooks settings;
  private final LongSupplier elapsed;
  private final TimedVirtualThreads threads;
  private final Incidents incidents;
  private final ServerCounts counts;

  /** A permit for each further hook that may run. */
  private final Semaphore running;

  /** The number of turns of all connections that wait or have not ended. */
  private final AtomicInteger turns = new AtomicInteger();

  /** The number of those for which nothing of their connection waits. */
  private final AtomicInteger aside = new AtomicInteger();

  /** Completed when no turn is left; null while nothing waits for that. */
  private volatile @Nullable CompletableFuture<@Nullable Void> idle;

  private volatile RoomHooks all = RoomHooks.NONE;

  public HookRunner(
      Config.Hooks settings,
      LongSupplier elapsed,
      TimedVirtualThreads threads,
      Incidents incidents,
      ServerCounts counts) {
    this.settings = settings;
    this.incidents = incidents;
    this.counts = counts;
    this.elapsed = elapsed;
    this.threads = threads;
    this.running = new Semaphore(settings.running());
  }

  synchronized void add(Hook hook) {
    var more = new ArrayList<>(all.of());
    more.add(hook);
    all = RoomHooks.of(List.copyOf(more), null);
  }

  synchronized void remove(Hook hook) {
    hook.remove();
    var fewer = new ArrayList<>(all.of());
    fewer.remove(hook);
    all = RoomHooks.of(List.copyOf(fewer), null);
  }

  /** The hooks that decide about new connections. */
  public List<Hook> connects() {
    return all.connects();
  }

  /**
   * The hooks for a room.
   *
   * @param known the result of an earlier lookup; it is returned while it is up to date
   */
  public RoomHooks about(String room, RoomHooks known) {
    List<Hook> now = all.of();
    return known.of() == now ? known : RoomHooks.of(now, room);
  }

  // --- turns -----------------------------------------------------------------------------------

  /**
   * Runs a turn of a connection once hooks have answered all its earlier questions.
   *
   * @param turn receives a task, which it runs on the connection's loop when the turn has ended
   */
  public void inTurn(HookSubject subject, Consumer<Runnable> turn) {
    inTurn(subject, turn, false);
  }

  /** Notifies hooks of an event that has happened, before the connection's waiting questions. */
  public void tell(List<Hook> hooks, Question news) {
    if (!hooks.isEmpty()) {
      inTurn(news.subject(), ended -> ask(hooks, news, ended, ignored -> {}), true);
    }
  }

  /**
   * Notifies hooks of an event that has happened, in the order of such events of the connection.
   * Nothing else of the connection waits for them. If too many events wait, of the connection or of
   * all together, this one is left out.
   */
  public void tellAside(List<Hook> hooks, Question news) {
    if (hooks.isEmpty()) {
      return;
    }
    turns.incrementAndGet();
    boolean isAdded =
        aside.incrementAndGet() <= MOST_ASIDE
            && news.subject()
                .aside(
                    ended ->
                        ask(
                            hooks,
                            news,
                            () -> {
                              asideEnded();
                              ended.run();
                            },
                            ignored -> {}));
    if (!isAdded) {
      asideEnded();
      Hook first = hooks.getFirst();
      counts.notRun(first.kind().work());
      if (first.mayLog(elapsed.getAsLong())) {
        LOG.log(
            Level.WARNING,
            "the {0} is too slow for the messages of {1}, and is not told of some of them",
            first,
            news.subject());
      }
    }
  }

  private void asideEnded() {
    aside.decrementAndGet();
    turnEnded();
  }

  /**
   * Reserves a turn to notify hooks of an event that is about to happen. The hooks run when the
   * event has happened, but the connection's questions wait for it at most {@code hooks.timeout}.
   *
   * @return a task, to be run on the connection's loop when the event has happened
   */
  public Runnable tellLater(List<Hook> hooks, Question news) {
    if (hooks.isEmpty()) {
      return () -> {};
    }
    var happened = new CompletableFuture<@Nullable Void>();
    Runnable happens = () -> happened.complete(null);
    inTurn(
        news.subject(),
        ended -> {
          if (!happened.isDone()) {
            news.subject().schedule(happens, settings.timeout().toMillis());
          }
          var unused = happened.thenRun(() -> ask(hooks, news, ended, ignored -> {}));
        },
        true);
    return happens;
  }

  private void inTurn(HookSubject subject, Consumer<Runnable> turn, boolean isNews) {
    turns.incrementAndGet();
    subject.inTurn(
        ended ->
            turn.accept(
                () -> {
                  turnEnded();
                  ended.run();
                }),
        isNews);
  }

  /** Runs a task once hooks have answered all earlier questions of a connection. */
  public void afterwards(HookSubject subject, Runnable task) {
    if (subject.isAsking()) {
      inTurn(
          subject,
          ended -> {
            try {
              task.run();
            } finally {
              ended.run();
            }
          });
    } else {
      task.run();
    }
  }

  /** The number of turns that wait or have not ended. */
  int underWay() {
    return turns.get();
  }

  private void turnEnded() {
    CompletableFuture<@Nullable Void> waited = idle;
    if (turns.decrementAndGet() == 0 && waited != null) {
      waited.complete(null);
    }
  }

  /**
   * Waits for all turns, including those of tasks that the loops have been given so far.
   *
   * @return completed when no turn is left
   */
  public CompletableFuture<@Nullable Void> whenIdle(List<? extends Executor> loops) {
    var done = new CompletableFuture<@Nullable Void>();
    idle = done;
    turns.addAndGet(loops.size());
    loops.forEach(loop -> loop.execute(this::turnEnded));
    return done;
  }

  // --- asking ----------------------------------------------------------------------------------

  /**
   * Asks hooks one after the other.
   *
   * @param ended run on the connection's loop after {@code then}
   * @param then receives the decision on the connection's loop
   */
  public void ask(List<Hook> hooks, Question question, Runnable ended, Consumer<HookVerdict> then) {
    ask(
        hooks,
        0,
        question,
        verdict -> {
          try {
            then.accept(verdict);
          } finally {
            ended.run();
          }
        });
  }

  private void ask(List<Hook> hooks, int from, Question question, Consumer<HookVerdict> then) {
    int at = from;
    while (at < hooks.size() && hooks.get(at).isRemoved()) {
      at++;
    }
    if (at == hooks.size()) {
      then.accept(new HookVerdict(question.message(), null));
      return;
    }
    Hook hook = hooks.get(at);
    int next = at + 1;
    if (!running.tryAcquire()) {
      if (hook.kind().isTold()) {
        long later = hook.kind().isAwaited() ? 0 : aside.get() / ASIDE_PER_MILLI;
        question.subject().schedule(() -> ask(hooks, from, question, then), RETRY + later);
      } else {
        counts.notRun(hook.kind().work());
        then.accept(new HookVerdict(question.message(), ActionRunner.BUSY));
      }
      return;
    }
    long began = elapsed.getAsLong();
    var unused =
        threads
            .run(hook.toString(), settings.timeout(), () -> run(hook, question))
            .exceptionally(failure -> overdue(hook, question, failure))
            .thenAccept(
                decision -> {
                  HookVerdict verdict = decision.verdict();
                  counts.ran(
                      hook.kind().work(), "", decision.outcome(), elapsed.getAsLong() - began);
                  question
                      .subject()
                      .tell(
                          () -> {
                            if (verdict.refusal() != null && !hook.kind().isTold()) {
                              then.accept(verdict);
                            } else {
                              ask(hooks, next, question.with(verdict.message()), then);
                            }
                          });
                });
  }

  /** A verdict, and how the hook came to it. */
  private record Decision(HookVerdict verdict, RunOutcome outcome) {}

  /** Called on the hook's virtual thread. */
  private Decision run(Hook hook, Question question) {
    long began = elapsed.getAsLong();
    try {
      return new Decision(new HookVerdict(hook.ask(question), null), RunOutcome.OK);
    } catch (RefusedException e) {
      return new Decision(new HookVerdict(question.message(), e.words()), RunOutcome.REFUSED);
    } catch (Throwable e) { // errors too: the client gets an answer whatever the hook does
      // An interruption at the time limit has been answered and logged already.
      if (!(e instanceof InterruptedException)) {
        incidents.note(Incident.FAILED_HOOK, hook.toString(), String.valueOf(e));
        if (hook.mayLog(elapsed.getAsLong())) {
          LOG.log(Level.ERROR, "the " + hook + " failed", e);
        }
      }
      return new Decision(
          new HookVerdict(question.message(), ActionRunner.BROKEN), RunOutcome.ERROR);
    } finally {
      running.release();
      long took = elapsed.getAsLong() - began;
      if (took >= SLOW
          && hook.kind().isAwaited()
          && took < settings.timeout().toMillis()) { // else overdue() notes it
        incidents.note(Incident.SLOW_HOOK, hook.toString(), took + " ms");
      }
    }
  }

  private Decision overdue(Hook hook, Question question, Throwable failure) {
    boolean isAllowed = settings.onTimeout() == Config.OnTimeout.ALLOW;
    if (failure instanceof TimeoutException) {
      if (hook.kind().isAwaited()) {
        incidents.note(Incident.SLOW_HOOK, hook.toString(), overdue(isAllowed));
      }
      if (hook.mayLog(elapsed.getAsLong())) {
        LOG.log(
            Level.WARNING,
            "the {0} took longer than {1} and was interrupted (hooks.onTimeout: {2})",
            hook,
            settings.timeout(),
            settings.onTimeout());
      }
    }
    String refusal = isAllowed ? null : "Error: the server took too long to decide";
    return new Decision(new HookVerdict(question.message(), refusal), RunOutcome.TIMEOUT);
  }

  private String overdue(boolean isAllowed) {
    return "more than "
        + settings.timeout().toMillis()
        + " ms, and its request was "
        + (isAllowed ? "allowed" : "refused");
  }
}
