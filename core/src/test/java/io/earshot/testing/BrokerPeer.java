package io.earshot.testing;

import io.earshot.protocol.Announcement;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.Signal;
import io.earshot.protocol.User;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Known;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Present;
import io.earshot.spi.Broker.Stretch;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Bus;
import io.earshot.spi.Loop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A server as its broker knows it: it records the messages that arrive, and waits for the answers
 * to its requests.
 *
 * <p>Thread-safe: what arrives is guarded by its lock.
 */
public final class BrokerPeer implements Bus, AutoCloseable {
  /** Up to how many members joins and leaves are announced. */
  private static final int ANNOUNCED_MEMBERS = 250;

  private static final int MESSAGES = 1_000;
  private static final long KEEP = 60_000;
  private static final AtomicLong EPOCHS = new AtomicLong();

  private final String name;
  private final Broker broker;
  private final ThreadLoop loop = ThreadLoop.started();
  private final AtomicLong numbers = new AtomicLong();

  // Guarded by this.
  private final Map<String, List<Placed>> told = new LinkedHashMap<>();
  private final Map<String, List<Signal>> signals = new HashMap<>();
  private final Set<String> receiving = new HashSet<>();
  private final Map<String, @Nullable Cursor> ends = new HashMap<>();
  private boolean wasToldConcurrently;
  private final Set<String> listedIn = ConcurrentHashMap.newKeySet();
  private int connected;
  private int disconnected;

  private volatile String secret = "";
  private volatile Function<Json, CompletionStage<@Nullable Json>> answers =
      _ -> CompletableFuture.completedStage(null);

  /** A server that has not started. */
  public BrokerPeer(String name, Broker broker) {
    this.name = name;
    this.broker = broker;
  }

  /** Starts the broker, and does not wait. Gives this server. */
  public BrokerPeer start() {
    broker.start(name, this);
    return this;
  }

  public String name() {
    return name;
  }

  public Broker broker() {
    return broker;
  }

  /** Sets how this server answers requests of others; null for no answer. */
  public void answer(Function<Json, CompletionStage<@Nullable Json>> answer) {
    answers = answer;
  }

  @Override
  public void close() {
    broker.close();
  }

  // --- requests --------------------------------------------------------------------------------

  /** A post with the next number of this server. */
  public Post post(String message) {
    return post(Json.of(message));
  }

  /** A post with the next number of this server. */
  public Post post(Json message) {
    var origin = new Post.Origin(name, numbers.incrementAndGet());
    return new Post(message, Json.of(name), 1_357_000_000_000L, null, false, null, origin);
  }

  /** Publishes a text, and waits for its place. */
  public Cursor say(String room, String message) {
    return say(room, post(message));
  }

  /** Publishes a post, and waits for its place. */
  public Cursor say(String room, Post post) {
    Cursor place = get(inTurn(() -> broker.publish(room, post, terms(room), null, 0)));
    if (place == null) {
      throw new AssertionError("the broker gave no place");
    }
    return place;
  }

  /** Makes requests in one turn of the event loop of all rooms. */
  public <T> T inTurn(Supplier<T> requests) {
    return CompletableFuture.supplyAsync(requests, loop).join();
  }

  /** Opens a room of which this server knows nothing; the broker creates it if need be. */
  public Stretch open(String room) {
    return open(room, null, null, MESSAGES);
  }

  /**
   * Opens a room, which the broker creates if need be.
   *
   * @param cursor up to where this server knows the room, or null
   * @param origin the origin of the message there, or null
   * @param limit how many messages to read at most
   */
  public Stretch open(
      String room, @Nullable Cursor cursor, Post.@Nullable Origin origin, int limit) {
    return get(broker.open(room, new Known(cursor, origin), limit, terms(room), true));
  }

  /** Enters a member that is on no other server. */
  public Moved enter(String room, String id) {
    Moved moved = enter(room, id, false);
    if (moved == null) {
      throw new AssertionError(id + " is on another server");
    }
    return moved;
  }

  /**
   * Enters a member.
   *
   * @param take whether to take it over from another server
   * @return null if it is on another server
   */
  public @Nullable Moved enter(String room, String id, boolean take) {
    return get(broker.enter(room, id, post("hi " + id), ANNOUNCED_MEMBERS, terms(room), take));
  }

  /** Enters a member of a user. */
  public @Nullable Moved enter(String room, String id, @Nullable User user, boolean take) {
    Post post = announcing(Announcement.JOIN, id, user);
    return get(broker.enter(room, id, post, ANNOUNCED_MEMBERS, terms(room), take));
  }

  /** Takes a member of a user out of a room. */
  public Moved leave(String room, String id, @Nullable User user) {
    Post post = announcing(Announcement.LEAVE, id, user);
    return get(broker.leave(room, id, post, ANNOUNCED_MEMBERS, terms(room)));
  }

  private Post announcing(Announcement what, String id, @Nullable User user) {
    return Post.announcing(what, id, user, 0, post("").origin());
  }

  /** Takes a member out of a room. */
  public Moved leave(String room, String id) {
    return get(broker.leave(room, id, post("bye " + id), ANNOUNCED_MEMBERS, terms(room)));
  }

  /** The ids of a room's members, in order. */
  public List<String> members(String room) {
    return get(broker.members(room)).stream().map(Present::id).toList();
  }

  /**
   * Waits for an answer.
   *
   * @throws BrokerException if the broker failed with it
   */
  public static <T extends @Nullable Object> T get(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(Await.LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof BrokerException refused) {
        throw refused;
      }
      throw new AssertionError("no BrokerException, as a broker must fail with", e.getCause());
    } catch (TimeoutException | InterruptedException e) {
      throw new AssertionError("no answer", e);
    }
  }

  // --- what has arrived ------------------------------------------------------------------------

  /** The messages of a room that have arrived. */
  public synchronized List<Placed> told(String room) {
    return List.copyOf(told.getOrDefault(room, List.of()));
  }

  /** The texts of the messages of a room that have arrived. */
  public List<String> heard(String room) {
    return texts(told(room));
  }

  public static List<String> texts(List<Placed> posts) {
    return posts.stream().map(placed -> String.valueOf(placed.post().message().asText())).toList();
  }

  /** Waits until a number of messages of a room have arrived, and gives all of them. */
  public List<Placed> awaitTold(String room, int count) {
    Await.until(
        () -> count + " messages in " + room + " of " + name + ", but " + heard(room),
        Await.LIMIT,
        () -> told(room).size() >= count);
    return told(room);
  }

  /** Waits until a text has arrived in a room, and gives all texts that have. */
  public List<String> awaitHeard(String room, String message) {
    Await.until(
        () -> message + " among " + heard(room), Await.LIMIT, () -> heard(room).contains(message));
    return heard(room);
  }

  /** How often the broker has connected. */
  public synchronized int connections() {
    return connected;
  }

  private synchronized int disconnections() {
    return disconnected;
  }

  /** Waits until the broker has connected a number of times. */
  public void awaitConnected(int times) {
    Await.until(name + " to connect, " + times + " times", () -> connections() >= times);
  }

  /** Waits until the broker has been disconnected a number of times. */
  public void awaitDisconnected(int times) {
    Await.until(name + " to be disconnected, " + times + " times", () -> disconnections() >= times);
  }

  /** Whether two messages of one room ever arrived at the same time, which no broker may do. */
  synchronized boolean wasToldConcurrently() {
    return wasToldConcurrently;
  }

  // --- as the bus ------------------------------------------------------------------------------

  @Override
  public Loop loop(String room) {
    return loop;
  }

  @Override
  public void told(String room, Cursor place, Post post) {
    synchronized (this) {
      wasToldConcurrently |= !receiving.add(room);
    }
    Thread.onSpinWait(); // outside of the lock, so that a second call can be noticed
    synchronized (this) {
      told.computeIfAbsent(room, _ -> new ArrayList<>()).add(new Placed(place, post));
      receiving.remove(room);
    }
  }

  @Override
  public synchronized void signalled(String room, Signal signal) {
    signals.computeIfAbsent(room, _ -> new ArrayList<>()).add(signal);
  }

  /** Waits until a number of signals of a room have arrived, and gives all of them. */
  public List<Signal> awaitSignals(String room, int count) {
    Await.until(count + " signals in " + room, () -> signals(room).size() >= count);
    return signals(room);
  }

  /** The signals of a room that have arrived. */
  public synchronized List<Signal> signals(String room) {
    return List.copyOf(signals.getOrDefault(room, List.of()));
  }

  @Override
  public synchronized void connected(Predicate<String> rooms) {
    connected++;
  }

  @Override
  public synchronized void disconnected(Predicate<String> rooms) {
    disconnected++;
  }

  @Override
  public synchronized void endIs(String room, @Nullable Cursor end) {
    ends.put(room, end);
  }

  /** The ends of rooms, as the broker has looked at them last. */
  public synchronized Map<String, @Nullable Cursor> ends() {
    return new HashMap<>(ends);
  }

  @Override
  public String secretToShare() {
    return "the secret of " + name;
  }

  @Override
  public void shareSecret(String shared) {
    secret = shared;
  }

  /** The secret that the servers share; empty before the broker has told it. */
  public String secret() {
    return secret;
  }

  @Override
  public void leaseRenewed(int timesPerLease) {}

  @Override
  public void listedIn(String room) {
    listedIn.add(room);
  }

  /** The rooms with members of this server of which the broker has told it. */
  public Set<String> listedIn() {
    return Set.copyOf(listedIn);
  }

  @Override
  public CompletionStage<@Nullable Json> asked(Json question) {
    return answers.apply(question);
  }

  @Override
  public Terms terms(String room) {
    return knowing(null);
  }

  /** The terms of any room that this server knows up to a place. */
  Terms knowing(@Nullable Cursor known) {
    return new Terms(MESSAGES, KEEP, known, "e" + EPOCHS.incrementAndGet());
  }

  @Override
  public Post leaveAnnouncement(String id, @Nullable User user) {
    Post post = post("gone " + id);
    return new Post(
        post.message(),
        post.from(),
        user,
        post.sentAt(),
        null,
        false,
        null,
        null,
        post.origin().apart());
  }

  @Override
  public int announcesUpTo(String room) {
    return ANNOUNCED_MEMBERS;
  }
}
