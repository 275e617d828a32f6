package io.earshot.testing;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.Signal;
import io.earshot.protocol.User;
import io.earshot.spi.Broker;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Bus;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The broker of one server at a {@link Hub}. A test lets requests, messages and answers arrive by
 * running what waits in the three queues.
 *
 * <p>Owned by the test's thread, or guarded by the lock of a prompt hub.
 */
public final class HubBroker implements Broker {
  private final Hub hub;
  private @Nullable Bus bus;
  private String name = "";

  /** How often the server was taken for dead and came back. */
  private int generation;

  private boolean isFenced;
  private boolean isUp;
  private final HubFeed.@Nullable View feed;

  /** The rooms that the server has opened. */
  private final Set<String> opened = new HashSet<>();

  /** Requests on their way to the hub. */
  public final Queue<Runnable> asked = new ArrayDeque<>();

  /** Messages on their way to the server; also answers, unless these have a queue of their own. */
  public final Deque<Runnable> told = new ArrayDeque<>();

  /** Answers on their way to the server, if {@link Hub#hasSeparateAnswers}. */
  public final Queue<Runnable> answered = new ArrayDeque<>();

  /** The requests that are not answered. */
  private final List<CompletableFuture<?>> open = new ArrayList<>();

  /** Completes a request with its outcome. */
  private interface Answer<T extends @Nullable Object> {
    void giveTo(CompletableFuture<T> future);
  }

  HubBroker(Hub hub) {
    this.hub = hub;
    HubFeed all = hub.feed;
    this.feed = all == null ? null : all.view();
  }

  @Override
  public HubFeed.@Nullable View feed() {
    return feed;
  }

  // --- the link to the hub ---------------------------------------------------------------------

  Bus bus() {
    if (bus == null) {
      throw new IllegalStateException("not started");
    }
    return bus;
  }

  boolean isIdle() {
    return asked.isEmpty() && told.isEmpty() && answered.isEmpty();
  }

  public boolean isUp() {
    return isUp;
  }

  @Override
  public boolean reaches(String room) {
    return isUp;
  }

  @Override
  public boolean reachesAll() {
    return isUp;
  }

  @Override
  public String owner() {
    return name + "." + generation;
  }

  /** The server of an {@link #owner}. */
  static String server(String owner) {
    return owner.substring(0, owner.lastIndexOf('.'));
  }

  /** The server is taken for dead; once it connects again, it owns none of its members. */
  void fence() {
    isFenced = true;
  }

  @Override
  public void start(String peer, Bus toTell) {
    name = peer;
    bus = toTell;
    synchronized (hub) {
      hub.brokers.put(peer, this);
    }
    if (hub.isPrompt) {
      connect();
    }
  }

  /** Makes the hub reachable. */
  public void connect() {
    isUp = true;
    if (isFenced) {
      isFenced = false;
      generation++;
    }
    bus().connected(_ -> true);
  }

  /**
   * Renews the server's lease.
   *
   * @param timesPerLease how often that happens in the time of a lease
   */
  public void renewLease(int timesPerLease) {
    bus().leaseRenewed(timesPerLease);
  }

  /** Finds that the hub lists members of the server in a room. */
  public void findListed(String room) {
    bus().listedIn(room);
  }

  /** Makes the hub unreachable: open requests fail, and messages on their way are lost. */
  public void disconnect() {
    isUp = false;
    asked.clear();
    told.clear();
    answered.clear();
    opened.clear();
    List.copyOf(open).forEach(each -> each.completeExceptionally(away(true)));
    open.clear();
    bus().disconnected(_ -> true);
  }

  @Override
  public long clockSkew() {
    return 0;
  }

  private static BrokerException away(boolean maybeDone) {
    return new BrokerException("it is away", maybeDone);
  }

  void send(String room, Placed message) {
    if (opened.contains(room)) {
      Runnable sending = () -> bus().told(room, message.place(), message.post());
      if (hub.isPrompt) {
        sending.run();
      } else {
        told.add(sending);
      }
    }
  }

  /** Makes a request, which the hub serves when the test lets it arrive. */
  private <T extends @Nullable Object> CompletionStage<T> request(Supplier<T> work) {
    if (!isUp) {
      return CompletableFuture.failedStage(away(false));
    }
    var future = new CompletableFuture<T>();
    if (hub.isPrompt) {
      serve(work).giveTo(future);
      return future;
    }
    open.add(future);
    asked.add(() -> answer(future, serve(work)));
    return future;
  }

  private <T extends @Nullable Object> Answer<T> serve(Supplier<T> work) {
    synchronized (hub) {
      try {
        T result = work.get();
        return future -> future.complete(result);
      } catch (BrokerException e) {
        return future -> future.completeExceptionally(e);
      }
    }
  }

  /** Makes a request to other servers; with separate answers, it waits like other requests. */
  private <T extends @Nullable Object> CompletionStage<T> requestPeers(
      Supplier<CompletionStage<T>> work) {
    if (!isUp) {
      return CompletableFuture.failedStage(away(false));
    }
    if (!hub.hasSeparateAnswers) {
      return work.get();
    }
    var future = new CompletableFuture<T>();
    open.add(future);
    asked.add(
        () -> {
          var _ = work.get().whenComplete((result, failure) -> answer(future, of(result, failure)));
        });
    return future;
  }

  private static <T extends @Nullable Object> Answer<T> of(T result, @Nullable Throwable failure) {
    return future -> {
      if (failure == null) {
        future.complete(result);
      } else {
        future.completeExceptionally(failure);
      }
    };
  }

  /** Sends an answer on its way. */
  private <T extends @Nullable Object> void answer(CompletableFuture<T> future, Answer<T> answer) {
    Queue<Runnable> queue = hub.hasSeparateAnswers ? answered : told;
    queue.add(
        () -> {
          open.removeIf(each -> each == future);
          answer.giveTo(future);
        });
  }

  // --- rooms -----------------------------------------------------------------------------------

  @Override
  public CompletionStage<Stretch> open(
      String room, Known known, int limit, Terms terms, boolean make) {
    return request(
        () -> {
          opened.add(room);
          HubRoom found = make ? hub.room(room) : hub.roomIfAny(room);
          return found == null || (!found.hasOrder() && !make)
              ? new Stretch(null, List.of())
              : found.read(known, limit, terms);
        });
  }

  @Override
  public void close(String room) {
    opened.remove(room);
  }

  /** Whether the hub sends the messages of a room to the server. */
  public boolean isOpen(String room) {
    return opened.contains(room);
  }

  @Override
  public CompletionStage<Cursor> publish(
      String room, Post post, Terms terms, @Nullable String repeat, long window) {
    return request(() -> hub.room(room).post(post, terms, repeat));
  }

  @Override
  public void signal(String room, Signal signal) {
    if (!isUp) {
      return;
    }
    Runnable sending =
        () -> List.copyOf(hub.brokers.values()).forEach(peer -> peer.hear(this, room, signal));
    if (hub.isPrompt) {
      sending.run();
    } else {
      asked.add(sending);
    }
  }

  private void hear(HubBroker from, String room, Signal signal) {
    if (from == this || !opened.contains(room)) {
      return;
    }
    Runnable hearing = () -> bus().signalled(room, signal);
    if (hub.isPrompt) {
      hearing.run();
    } else {
      told.add(hearing);
    }
  }

  @Override
  public CompletionStage<@Nullable Moved> enter(
      String room, String id, Post announcement, int upTo, Terms terms, boolean take) {
    return this.<@Nullable Moved>request(
        () -> {
          HubRoom found = hub.room(room);
          String before = found.members.get(id);
          boolean isElsewhere = before != null && !before.startsWith(name + ".");
          return isElsewhere && !take
              ? null
              : found.enter(id, owner(), announcement, upTo, terms, take);
        });
  }

  @Override
  public CompletionStage<Moved> leave(
      String room, String id, Post announcement, int upTo, Terms terms) {
    return request(() -> hub.room(room).leave(id, owner(), announcement, upTo, terms));
  }

  @Override
  public CompletionStage<List<Present>> members(String room) {
    return request(
        () -> {
          var present = new ArrayList<Present>();
          HubRoom found = hub.roomIfAny(room);
          if (found != null) {
            found.members.forEach(
                (id, owner) -> present.add(present(id, owner, found.users.get(id))));
          }
          return present;
        });
  }

  @Override
  public CompletionStage<Tally> tally(String room) {
    return request(
        () -> {
          HubRoom found = hub.roomIfAny(room);
          List<Entry> own = own(found);
          return new Tally(
              owner(),
              found == null || !found.hasOrder() ? null : found.end(),
              own.size(),
              own.stream().mapToLong(each -> Tally.digest(each.id(), each.user())).sum()
                  % (1L << 32));
        });
  }

  @Override
  public CompletionStage<Entries> entries(String room) {
    return request(() -> new Entries(owner(), own(hub.roomIfAny(room))));
  }

  private List<Entry> own(@Nullable HubRoom room) {
    return room == null
        ? List.of()
        : room.members.keySet().stream()
            .filter(id -> owner().equals(room.members.get(id)))
            .map(id -> new Entry(id, room.users.get(id)))
            .toList();
  }

  private Present present(String id, String owner, @Nullable User user) {
    return new Present(id, owner.equals(owner()), user);
  }

  @Override
  public CompletionStage<@Nullable Cursor> end(String room) {
    return this.<@Nullable Cursor>request(
        () -> {
          HubRoom found = hub.roomIfAny(room);
          return found == null || !found.hasOrder() ? null : found.end();
        });
  }

  /** Looks at the end of a room, as brokers do every now and then. */
  public void look(String room) {
    HubRoom found = hub.roomIfAny(room);
    bus().endIs(room, found == null || !found.hasOrder() ? null : found.end());
  }

  // --- other servers ---------------------------------------------------------------------------

  @Override
  public CompletionStage<Json> ask(String peer, Json question) {
    return requestPeers(
        () -> {
          HubBroker there = hub.brokers.get(peer);
          if (there == null || !there.isUp) {
            return CompletableFuture.failedStage(away(false));
          }
          return there
              .bus()
              .asked(question)
              .thenApply(
                  answer -> {
                    if (answer == null) {
                      throw new BrokerException("it has no answer", false);
                    }
                    return answer;
                  });
        });
  }

  @Override
  public CompletionStage<@Nullable Json> askAll(Json question) {
    return this.<@Nullable Json>requestPeers(() -> askOthers(question));
  }

  private CompletionStage<@Nullable Json> askOthers(Json question) {
    var answer = new CompletableFuture<@Nullable Json>();
    var others = new ArrayList<>(hub.brokers.values());
    others.removeIf(peer -> peer == this || !peer.isUp);
    var answers = new ArrayList<CompletableFuture<?>>();
    for (HubBroker other : others) {
      answers.add(
          other
              .bus()
              .asked(question)
              .thenAccept(
                  each -> {
                    if (each != null) {
                      answer.complete(each);
                    }
                  })
              .toCompletableFuture());
    }
    var _ =
        CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
            .thenRun(() -> answer.complete(null));
    return answer;
  }

  @Override
  public CompletionStage<String> claim(String client, Duration ttl) {
    return request(
        () -> {
          String owner = hub.clients.get(client);
          if (owner == null || !hub.brokers.containsKey(owner)) {
            hub.clients.put(client, name);
            return name;
          }
          return owner;
        });
  }

  @Override
  public void release(String client) {
    synchronized (hub) {
      hub.clients.remove(client, name);
    }
  }

  @Override
  public List<String> peers() {
    return List.copyOf(hub.brokers.keySet());
  }

  @Override
  public void close() {
    synchronized (hub) {
      isUp = false;
      if (hub.brokers.size() > 1) {
        hub.reap(name);
      }
      hub.brokers.remove(name);
    }
  }
}
