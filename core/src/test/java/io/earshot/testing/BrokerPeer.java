package io.earshot.testing;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Known;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.Broker.Stretch;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Bus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A server as its broker knows it: it notes what it is told, and waits for what it asks for.
 *
 * <p>Thread-safe: by its lock.
 */
public final class BrokerPeer implements Bus, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final int MEMBERS = 250;
  private static final long KEEP = 60_000;
  private static final AtomicLong EPOCHS = new AtomicLong();

  private final String name;
  private final Broker broker;
  private final AtomicLong numbers = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  // Under the lock.
  private final Map<String, List<Placed>> told = new LinkedHashMap<>();
  private final Set<String> telling = new HashSet<>();
  private boolean toldAtOnce;
  private int connected;
  private int disconnected;

  private volatile Function<Json, CompletionStage<@Nullable Json>> answers =
      _ -> CompletableFuture.completedStage(null);

  /**
   * One that has not started.
   *
   * @param name of its run
   * @param broker its own
   */
  public BrokerPeer(String name, Broker broker) {
    this.name = name;
    this.broker = broker;
  }

  /**
   * Starts it, and does not wait.
   *
   * @return this
   */
  public BrokerPeer start() {
    broker.start(name, this);
    return this;
  }

  /**
   * The name of its run.
   *
   * @return the name
   */
  public String name() {
    return name;
  }

  /**
   * What it asks.
   *
   * @return its broker
   */
  public Broker broker() {
    return broker;
  }

  /**
   * Changes what it answers.
   *
   * @param answer from question to answer, or to null for none
   */
  public void answer(Function<Json, CompletionStage<@Nullable Json>> answer) {
    answers = answer;
  }

  @Override
  public void close() {
    broker.close();
  }

  // --- what it says ----------------------------------------------------------------------------

  /**
   * A post of its own, the next.
   *
   * @param message what
   * @return the post
   */
  public Post post(String message) {
    return post(Json.of(message));
  }

  /**
   * A post of its own, the next.
   *
   * @param message what
   * @return the post
   */
  public Post post(Json message) {
    var origin = new Post.Origin(name, numbers.incrementAndGet());
    return new Post(message, Json.of(name), 1_357_000_000_000L, null, false, null, origin);
  }

  /**
   * Publishes a text, and waits for its place.
   *
   * @param room where
   * @param message what
   * @return the place
   */
  public Cursor say(String room, String message) {
    return say(room, post(message));
  }

  /**
   * Publishes a post, and waits for its place.
   *
   * @param room where
   * @param post what
   * @return the place
   */
  public Cursor say(String room, Post post) {
    Cursor place = get(broker.publish(room, post, terms(room), null, 0, false));
    if (place == null) {
      throw new AssertionError("it was not told");
    }
    return place;
  }

  /**
   * Opens a room of which nothing is known, gives it an order, and waits.
   *
   * @param room which
   * @return what was told last
   */
  public Stretch open(String room) {
    return open(room, null, null, 1_000);
  }

  /**
   * Opens a room, gives it an order, and waits.
   *
   * @param room which
   * @param cursor up to where it is known, or null
   * @param origin of the message there, or null
   * @param limit how much to get
   * @return what was told
   */
  public Stretch open(
      String room, @Nullable Cursor cursor, Post.@Nullable Origin origin, int limit) {
    return get(broker.open(room, new Known(cursor, origin), limit, terms(room), true));
  }

  /**
   * Lets somebody in who is nowhere else, and waits.
   *
   * @param room where
   * @param id who
   * @return where they come in
   */
  public Moved enter(String room, String id) {
    Moved moved = enter(room, id, false);
    if (moved == null) {
      throw new AssertionError(id + " is peers");
    }
    return moved;
  }

  /**
   * Lets somebody in, and waits.
   *
   * @param room where
   * @param id who
   * @param take whether to take them over
   * @return where they come in, or null if they are elsewhere
   */
  public @Nullable Moved enter(String room, String id, boolean take) {
    return get(broker.enter(room, id, post("hi " + id), MEMBERS, terms(room), take));
  }

  /**
   * Lets somebody go, and waits.
   *
   * @param room where
   * @param id who
   * @return up to where they hear
   */
  public Moved leave(String room, String id) {
    return get(broker.leave(room, id, post("bye " + id), MEMBERS, terms(room)));
  }

  /**
   * Who is in a room.
   *
   * @param room which
   * @return their ids, in order
   */
  public List<String> members(String room) {
    return get(broker.members(room)).stream().map(Present::id).toList();
  }

  // --- what it hears ---------------------------------------------------------------------------

  /**
   * What a room has told.
   *
   * @param room which
   * @return all of it
   */
  public List<Placed> told(String room) {
    lock.lock();
    try {
      return List.copyOf(told.getOrDefault(room, List.of()));
    } finally {
      lock.unlock();
    }
  }

  /**
   * What a room has told, as texts.
   *
   * @param room which
   * @return all of it
   */
  public List<String> heard(String room) {
    return texts(told(room));
  }

  /**
   * The messages alone.
   *
   * @param posts of texts
   * @return the texts
   */
  public static List<String> texts(List<Placed> posts) {
    return posts.stream().map(placed -> String.valueOf(placed.post().message().asText())).toList();
  }

  /**
   * Waits until a room has told so much.
   *
   * @param room which
   * @param count how many messages
   * @return what it has told
   */
  public List<Placed> awaitTold(String room, int count) {
    await(
        () -> told.getOrDefault(room, List.of()).size() >= count,
        () -> count + " messages in " + room + " of " + name + ", but " + heard(room));
    return told(room);
  }

  /**
   * Waits until a room has told a text.
   *
   * @param room which
   * @param message the text
   * @return all that it has told
   */
  public List<String> awaitHeard(String room, String message) {
    await(() -> heard(room).contains(message), () -> message + " in " + heard(room));
    return heard(room);
  }

  /**
   * How often it was connected.
   *
   * @return so many times
   */
  public int connections() {
    lock.lock();
    try {
      return connected;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until it is connected.
   *
   * @param times for the how manieth time
   */
  public void awaitConnected(int times) {
    await(() -> connected >= times, () -> name + " to be connected " + times + " times");
  }

  /**
   * Waits until it is disconnected.
   *
   * @param times for the how manieth time
   */
  public void awaitDisconnected(int times) {
    await(() -> disconnected >= times, () -> name + " to be disconnected " + times + " times");
  }

  /**
   * Whether a room ever told two messages at once.
   *
   * @return true if it did, which is against the rules
   */
  public boolean wasToldAtOnce() {
    lock.lock();
    try {
      return toldAtOnce;
    } finally {
      lock.unlock();
    }
  }

  private void await(BooleanSupplier condition, Supplier<String> what) {
    long left = PATIENCE.toNanos();
    lock.lock();
    try {
      while (!condition.getAsBoolean()) {
        if (left <= 0) {
          throw new AssertionError("waited in vain for " + what.get());
        }
        left = changed.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      throw new AssertionError("waited for " + what.get(), e);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for an answer.
   *
   * @param <T> of what type
   * @param stage the answer
   * @return the answer
   * @throws BrokerException if that is how it failed
   */
  public static <T extends @Nullable Object> T get(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BrokerException refused) {
        throw refused;
      }
      throw new AssertionError("it fails as no broker should", e.getCause());
    } catch (TimeoutException | InterruptedException e) {
      throw new AssertionError("no answer", e);
    }
  }

  // --- as the bus ------------------------------------------------------------------------------

  @Override
  public void told(String room, Cursor place, Post post) {
    lock.lock();
    try {
      toldAtOnce |= !telling.add(room);
    } finally {
      lock.unlock();
    }
    Thread.onSpinWait(); // outside of the lock, so that a second one can be seen
    lock.lock();
    try {
      told.computeIfAbsent(room, _ -> new ArrayList<>()).add(new Placed(place, post));
      telling.remove(room);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void connected() {
    lock.lock();
    try {
      connected++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void disconnected() {
    lock.lock();
    try {
      disconnected++;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public CompletionStage<@Nullable Json> asked(Json question) {
    return answers.apply(question);
  }

  @Override
  public Terms terms(String room) {
    return knowing(null);
  }

  /** What holds for any room that is known up to there. */
  Terms knowing(@Nullable Cursor known) {
    return new Terms(1_000, KEEP, known, "e" + EPOCHS.incrementAndGet());
  }

  @Override
  public Post farewell(String id) {
    Post post = post("gone " + id);
    return new Post(
        post.message(), post.from(), post.sentAt(), null, false, null, post.origin().apart());
  }

  @Override
  public int announcesUpTo(String room) {
    return MEMBERS;
  }
}
