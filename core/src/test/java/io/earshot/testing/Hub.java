package io.earshot.testing;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Bus;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The common state of a cluster's brokers, in memory, as slow and as faulty as a test wants it.
 * Requests wait in the queues of {@link HubBroker} until the test lets them arrive, and so do
 * messages and answers.
 *
 * <p>Owned by the test's thread, unless it is {@link #prompt}: then calls take a lock, and are
 * answered at once.
 */
public final class Hub {
  final boolean isPrompt;

  /** The servers by their names, in the order in which they started. */
  final Map<String, HubBroker> brokers = new LinkedHashMap<>();

  /** The name of the server that each HTTP client is on. */
  final Map<String, String> clients = new HashMap<>();

  private final Map<String, HubRoom> rooms = new HashMap<>();

  /** Everything that happened in the rooms, also what was lost since. Empty if prompt. */
  public final List<HubEvent> events = new ArrayList<>();

  /**
   * Whether answers have a queue of their own, {@link HubBroker#answered}, so that answers and
   * messages overtake each other, and requests between servers wait like others.
   */
  public boolean hasSeparateAnswers;

  /** How many messages of a room are remembered at most. */
  public int maxRemembered = Integer.MAX_VALUE;

  /** How many missing messages a broker reads at once at most. */
  public int maxPerRead = Integer.MAX_VALUE;

  /** The hub's clock, in milliseconds, by which messages have an age when they are read. */
  public LongSupplier clock = () -> 0;

  /** The events for consumers; null for a broker without. */
  public @Nullable HubFeed feed;

  /** When the hub took each message. */
  private final IdentityHashMap<Post, Long> taken = new IdentityHashMap<>();

  private Hub(boolean isPrompt) {
    this.isPrompt = isPrompt;
  }

  /** A hub whose brokers handle requests when the test runs them. */
  public static Hub manual() {
    return new Hub(false);
  }

  /** A hub whose brokers handle requests at once, on any thread. */
  public static Hub prompt() {
    return new Hub(true);
  }

  /** A broker for one more server. */
  public HubBroker broker() {
    return new HubBroker(this);
  }

  /** Forgets all rooms and clients, like a Redis that restarts empty. */
  public synchronized void forgetAll() {
    events.forEach(event -> event.isLost = true);
    rooms.clear();
    clients.clear();
  }

  /** Forgets one room, as when one server of a Redis Cluster restarts empty. */
  public void forget(String room) {
    rooms.remove(room);
  }

  /** Forgets the list of members of a room. */
  public void forgetMembers(String room) {
    room(room).members.clear();
    room(room).users.clear();
  }

  /** Lists a member, as in an older state of the hub. */
  public void list(String room, String id, String owner) {
    room(room).members.put(id, owner);
  }

  /** Loses the last posts of a room, and the joins and leaves since. */
  public void rollBack(String room, int posts) {
    HubRoom found = rooms.get(room);
    if (found != null) {
      found.rollBack(posts);
    }
  }

  /** The members of a room: the {@link HubBroker#owner} of each, by id. */
  public Map<String, String> members(String room) {
    HubRoom found = rooms.get(room);
    return found == null ? Map.of() : Map.copyOf(found.members);
  }

  /** Takes a server for dead: another one takes its members out of all rooms. */
  public synchronized void reap(String server) {
    HubBroker dead = brokers.get(server);
    if (dead == null) {
      return;
    }
    dead.fence();
    for (HubRoom room : List.copyOf(rooms.values())) {
      for (Map.Entry<String, String> member : List.copyOf(room.members.entrySet())) {
        if (member.getValue().equals(dead.owner())) {
          HubBroker reaper =
              brokers.values().stream().filter(peer -> peer != dead).findFirst().orElseThrow();
          Bus bus = reaper.bus();
          room.leave(
              member.getKey(),
              dead.owner(),
              bus.leaveAnnouncement(member.getKey(), room.users.get(member.getKey())),
              bus.announcesUpTo(room.name),
              bus.terms(room.name));
        }
      }
    }
  }

  /** Whether nothing waits to arrive. */
  public boolean isIdle() {
    return brokers.values().stream().allMatch(HubBroker::isIdle);
  }

  /** The hub has taken a message. */
  void took(Post post) {
    taken.put(post, clock.getAsLong());
  }

  /** The same message with its age. */
  Placed aged(Placed message) {
    long since = taken.getOrDefault(message.post(), clock.getAsLong());
    return new Placed(message.place(), message.post(), clock.getAsLong() - since);
  }

  @Nullable HubRoom roomIfAny(String name) {
    return rooms.get(name);
  }

  HubRoom room(String name) {
    return rooms.computeIfAbsent(name, _ -> new HubRoom(name, this));
  }

  /** Records what has happened in a room; null in a prompt hub, which records nothing. */
  @Nullable HubEvent record(
      HubEvent.Kind kind, String room, String id, Cursor place, @Nullable Post post) {
    if (isPrompt) {
      return null;
    }
    var event = new HubEvent(events.size(), kind, room, id, place, post);
    events.add(event);
    return event;
  }

  void send(String room, Placed message) {
    brokers.values().forEach(broker -> broker.send(room, message));
  }
}
