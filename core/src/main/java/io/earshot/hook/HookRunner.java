package io.earshot.hook;

import io.earshot.Config;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.action.ActionRunner;
import io.earshot.action.TimedVirtualThreads;
import io.earshot.config.Glob;
import io.earshot.protocol.Json;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The hooks of a server, and how they are asked: on virtual threads, one at a time for each
 * connection.
 *
 * <p>Thread-safe: an immutable list that is replaced as a whole under a lock, and counts. Questions
 * are asked, and answered, on the loop of the connection that they are about.
 */
public final class HookRunner {
  private static final System.Logger LOG = System.getLogger(HookRunner.class.getName());

  /** So long the log says nothing more of the same hook, in milliseconds. */
  private static final long QUIET = 60_000;

  /** After so long a hook that has to be told is tried again if too many run, in milliseconds. */
  private static final long AGAIN = 20;

  private final Config.Hooks settings;
  private final InstantSource clock;
  private final TimedVirtualThreads threads;

  /** How many more may run. */
  private final Semaphore running;

  /** How many connections' turns have begun, or wait, and have not ended. */
  private final AtomicInteger turns = new AtomicInteger();

  /** Completed when there are none; null while nobody wants to know. */
  private volatile @Nullable CompletableFuture<@Nullable Void> idle;

  private volatile About all = About.NOTHING;

  public HookRunner(Config.Hooks settings, InstantSource clock, TimedVirtualThreads threads) {
    this.settings = settings;
    this.clock = clock;
    this.threads = threads;
    this.running = new Semaphore(settings.running());
  }

  /** What a hook is asked about. */
  enum Kind {
    CONNECT,
    JOIN,
    JOINED,
    SAY,
    LEAVE;

    /** Whether it is only told, and decides nothing. */
    boolean isTold() {
      return this == JOINED || this == LEAVE;
    }
  }

  /**
   * What is asked.
   *
   * @param message what is said; JSON's null where nothing is
   */
  public record Question(HookSubject who, String room, Permission what, Json message) {
    public Question(HookSubject who, String room, Permission what) {
      this(who, room, what, new Json.Null());
    }

    private Question with(Json changed) {
      return new Question(who, room, what, changed);
    }
  }

  /** What a hook does, whatever its kind. */
  interface Body {
    /** Gives the message back, or another; or refuses. */
    Json ask(Question question) throws Exception;
  }

  /** A hook that was added. Thread-safe: what changes is volatile or atomic. */
  public static final class Hook {
    private final Kind kind;
    private final String rooms;
    private final Glob pattern;
    private final String name;
    private final Body body;
    private final AtomicLong quietUntil = new AtomicLong(Long.MIN_VALUE);
    private volatile boolean isRemoved;

    /**
     * A hook.
     *
     * @param rooms the names of the rooms that it is for
     * @param name what the log calls it
     */
    Hook(Kind kind, String rooms, String name, Body body) {
      this.kind = kind;
      this.rooms = rooms;
      this.pattern = new Glob(rooms);
      this.name = name;
      this.body = body;
    }

    @Override
    public String toString() {
      return kind.name().toLowerCase(Locale.ROOT) + " hook " + name + " for " + rooms;
    }
  }

  /**
   * The hooks of each kind that are about a room, or about all.
   *
   * <p>Immutable.
   *
   * @param of which hooks there were when this was looked up
   */
  public record About(
      List<Hook> of,
      List<Hook> connects,
      List<Hook> joins,
      List<Hook> joineds,
      List<Hook> says,
      List<Hook> leaves) {
    public static final About NOTHING =
        new About(List.of(), List.of(), List.of(), List.of(), List.of(), List.of());

    private static About of(List<Hook> all, @Nullable String room) {
      return new About(
          all,
          of(all, room, Kind.CONNECT),
          of(all, room, Kind.JOIN),
          of(all, room, Kind.JOINED),
          of(all, room, Kind.SAY),
          of(all, room, Kind.LEAVE));
    }

    private static List<Hook> of(List<Hook> all, @Nullable String room, Kind kind) {
      return all.stream()
          .filter(hook -> hook.kind == kind)
          .filter(hook -> room == null || hook.pattern.matches(room))
          .toList();
    }
  }

  synchronized void add(Hook hook) {
    var more = new ArrayList<>(all.of);
    more.add(hook);
    all = About.of(List.copyOf(more), null);
  }

  synchronized void remove(Hook hook) {
    hook.isRemoved = true;
    var fewer = new ArrayList<>(all.of);
    fewer.remove(hook);
    all = fewer.isEmpty() ? About.NOTHING : About.of(List.copyOf(fewer), null);
  }

  /** Those that are asked about who connects. */
  public List<Hook> connects() {
    return all.connects;
  }

  /**
   * Those that are about a room.
   *
   * @param known what was looked up before, which is given back while it is true
   */
  public About about(String room, About known) {
    List<Hook> now = all.of;
    if (known.of == now) {
      return known;
    }
    return now.isEmpty() ? About.NOTHING : About.of(now, room);
  }

  // --- turns -----------------------------------------------------------------------------------

  /**
   * Does something for a connection once hooks have answered what it asked before.
   *
   * @param turn told what to run when it has ended
   */
  public void inTurn(HookSubject who, Consumer<Runnable> turn) {
    inTurn(who, turn, false);
  }

  /** Tells hooks of what a connection has done: before anything else that waits is asked. */
  public void tell(List<Hook> hooks, Question news) {
    if (!hooks.isEmpty()) {
      inTurn(news.who, ended -> ask(hooks, news, ended, _ -> {}), true);
    }
  }

  /**
   * The same for what is about to happen, and has its turn already. It is told when it has, but
   * nobody waits for longer than hooks may take.
   *
   * @return to be run on the connection's loop when it has happened
   */
  public Runnable tellLater(List<Hook> hooks, Question news) {
    if (hooks.isEmpty()) {
      return () -> {};
    }
    var happened = new CompletableFuture<@Nullable Void>();
    Runnable happens = () -> happened.complete(null);
    inTurn(
        news.who,
        ended -> {
          if (!happened.isDone()) {
            news.who.schedule(happens, settings.timeout().toMillis());
          }
          var _ = happened.thenRun(() -> ask(hooks, news, ended, _ -> {}));
        },
        true);
    return happens;
  }

  private void inTurn(HookSubject who, Consumer<Runnable> turn, boolean isNews) {
    turns.incrementAndGet();
    who.inTurn(
        ended ->
            turn.accept(
                () -> {
                  turnEnded();
                  ended.run();
                }),
        isNews);
  }

  /** Runs something once hooks have answered what a connection asked before. */
  public void afterwards(HookSubject who, Runnable task) {
    if (who.isAsking()) {
      inTurn(
          who,
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

  /** How many questions are asked, or wait for their turn. */
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
   * Waits for all that hooks are asked, once the loops have done what they were told so far.
   *
   * @return completed when no hook has anything to answer
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
   * Asks hooks in turn: {@code then} is told what they made of it, on the connection's loop, and
   * then the turn ends.
   */
  public void ask(List<Hook> hooks, Question question, Runnable ended, Consumer<HookVerdict> then) {
    ask(
        hooks,
        0,
        question,
        answer -> {
          try {
            then.accept(answer);
          } finally {
            ended.run();
          }
        });
  }

  private void ask(List<Hook> hooks, int at, Question question, Consumer<HookVerdict> then) {
    int next = at;
    while (next < hooks.size() && hooks.get(next).isRemoved) {
      next++;
    }
    if (next == hooks.size()) {
      then.accept(new HookVerdict(question.message, null));
      return;
    }
    Hook hook = hooks.get(next);
    int after = next + 1;
    if (!running.tryAcquire()) {
      if (hook.kind.isTold()) {
        question.who.schedule(() -> ask(hooks, at, question, then), AGAIN);
      } else {
        then.accept(new HookVerdict(question.message, ActionRunner.BUSY));
      }
      return;
    }
    var _ =
        threads
            .run(hook.toString(), settings.timeout(), () -> run(hook, question))
            .exceptionally(failure -> overdue(hook, question, failure))
            .thenAccept(
                answer ->
                    question.who.tell(
                        () -> {
                          if (answer.refusal() != null && !hook.kind.isTold()) {
                            then.accept(answer);
                          } else {
                            ask(hooks, after, question.with(answer.message()), then);
                          }
                        }));
  }

  /** On the hook's thread. */
  private HookVerdict run(Hook hook, Question question) {
    try {
      return new HookVerdict(hook.body.ask(question), null);
    } catch (RefusedException e) {
      return new HookVerdict(question.message, e.words());
    } catch (Throwable e) { // also errors: whatever a hook does, its client is answered
      // Who was interrupted at its limit has been answered, and told of, already.
      if (!(e instanceof InterruptedException) && mayLog(hook)) {
        LOG.log(Level.ERROR, "the " + hook + " failed", e);
      }
      return new HookVerdict(question.message, ActionRunner.BROKEN);
    } finally {
      running.release();
    }
  }

  private HookVerdict overdue(Hook hook, Question question, Throwable failure) {
    if (failure instanceof TimeoutException && mayLog(hook)) {
      LOG.log(
          Level.WARNING,
          "the {0} took longer than {1} and was interrupted (hooks.onTimeout: {2})",
          hook,
          settings.timeout(),
          settings.onTimeout());
    }
    boolean isAllowed = settings.onTimeout() == Config.OnTimeout.ALLOW;
    return new HookVerdict(
        question.message, isAllowed ? null : "Error: the server took too long to decide");
  }

  /** Whether the log was quiet about a hook for long enough. */
  private boolean mayLog(Hook hook) {
    long now = clock.millis();
    long until = hook.quietUntil.get();
    return now >= until && hook.quietUntil.compareAndSet(until, now + QUIET);
  }
}
