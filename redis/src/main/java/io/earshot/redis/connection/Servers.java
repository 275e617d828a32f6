package io.earshot.redis.connection;

import io.earshot.redis.link.ConnectionPair;
import io.earshot.redis.link.Node;
import io.earshot.redis.link.NodeLink;
import io.earshot.redis.link.Opener;
import io.earshot.redis.link.Opener.Kind;
import io.earshot.redis.link.Routes;
import io.earshot.redis.link.Topology;
import io.lettuce.core.RedisURI;
import io.lettuce.core.cluster.SlotHash;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The servers of Redis, with a link to each: the one server of the settings, or the masters of a
 * Redis Cluster. In a cluster it keeps asking some of the nodes which master has which slot.
 *
 * <p>Thread-safe: its own virtual thread alone changes the routes. A change of the routes and the
 * events that follow from it, and a change of a link with its event, are one step under a lock, so
 * that the last event of a key always says whether its server can be reached.
 */
final class Servers implements NodeLink.Listener {
  private static final System.Logger LOG = System.getLogger(Servers.class.getName());
  private static final long SHORTEST_PAUSE_MILLIS = 100;
  private static final long LONGEST_PAUSE_MILLIS = 1_000;

  /** How often the slots are looked at while all is well. */
  private static final long REVIEW_MILLIS = 2_000;

  /** How often they are looked at while the master of some slots stays away. */
  private static final long AWAY_REVIEW_MILLIS = 500;

  /** How often they are looked at at most, whoever asks for it. */
  private static final long HASTY_REVIEW_MILLIS = 50;

  /** How many nodes are asked for the slots; one that was away may not know the latest. */
  private static final int ASKED = 3;

  private final Address address;
  private final Opener opener;
  private final Duration timeout;
  private final long interval;
  private final BiConsumer<String, byte[]> listener;
  private final ConnectionEvents events;
  private final RateLimitedLog log;
  private final Object transitions = new Object();

  /** Released when the slots are to be looked at, and at the end. */
  private final Semaphore wake = new Semaphore(0);

  private volatile Routes routes = Routes.NONE;
  private volatile Kind kind = new Kind(false, false);
  private volatile boolean isClosed;
  private volatile BiConsumer<ConnectionPair, String> onEnded = (pair, reason) -> {};

  Servers(
      Address address,
      Opener opener,
      Duration timeout,
      long interval,
      BiConsumer<String, byte[]> listener,
      ConnectionEvents events,
      RateLimitedLog log) {
    this.address = address;
    this.opener = opener;
    this.timeout = timeout;
    this.interval = interval;
    this.listener = listener;
    this.events = events;
    this.log = log;
  }

  /**
   * Starts to connect.
   *
   * @param ended called when a server ends a subscription by itself
   */
  void start(BiConsumer<ConnectionPair, String> ended) {
    onEnded = ended;
    var unused = Thread.ofVirtual().name("redis servers").start(this::run);
  }

  /** Starts to close all links, and does not wait. */
  void close() {
    isClosed = true;
    wake.release();
    routes.links().forEach(NodeLink::close);
    opener.close();
  }

  Routes routes() {
    return routes;
  }

  Duration timeout() {
    return timeout;
  }

  Executor executor() {
    return opener.executor();
  }

  boolean isCluster() {
    return kind.isCluster();
  }

  /** Whether to publish to the one server of a Redis Cluster that has the channel's slot. */
  boolean isSharded() {
    return kind.isSharded();
  }

  /** Has the slots looked at: a node says that another has one. */
  void review() {
    wake.release();
  }

  /** Whether every link that has slots is up. */
  boolean areUp() {
    Routes now = routes;
    return hasSlots(now)
        && now.links().stream().allMatch(each -> each.pair() != null || !now.isUsed(each));
  }

  /** Whether every link that has slots was up once, or could not be made. */
  boolean areTried() {
    Routes now = routes;
    return hasSlots(now)
        && now.links().stream().allMatch(each -> each.wasTried() || !now.isUsed(each));
  }

  private static boolean hasSlots(Routes routes) {
    return routes.links().stream().anyMatch(routes::isUsed);
  }

  // --- links -----------------------------------------------------------------------------------

  private NodeLink link(Node node, RedisURI uri) {
    boolean isAlone = !isCluster();
    return new NodeLink(
        node,
        onBroken -> {
          ConnectionPair pair = opener.open(uri, isAlone, onBroken);
          pair.listen(listener, this::ended);
          return pair;
        },
        this,
        /* asks= */ !isAlone, // alone, the heartbeat asks both connections
        interval,
        timeout);
  }

  private void ended(ConnectionPair pair, String channel) {
    onEnded.accept(pair, channel);
    review();
    events.unsubscribed(channel);
  }

  @Override
  public void up(NodeLink link, Runnable change) {
    synchronized (transitions) {
      change.run();
      if (!isClosed && routes.isUsed(link)) {
        events.reached(name(link), routes.names(link));
      }
    }
  }

  @Override
  public void down(NodeLink link, Runnable change) {
    synchronized (transitions) {
      change.run();
      if (!isClosed && routes.isUsed(link)) {
        events.lost(routes.names(link));
      }
    }
    review();
  }

  @Override
  public void failed(NodeLink link, Exception failure) {
    if (!isClosed && routes.isUsed(link)) {
      events.failed(name(link), failure);
    }
    review();
  }

  @Override
  public boolean isClosed() {
    return isClosed;
  }

  private String name(NodeLink link) {
    return isCluster() ? link.node().toString() : address.toString();
  }

  // --- which servers there are -----------------------------------------------------------------

  private void run() {
    long pause = SHORTEST_PAUSE_MILLIS;
    boolean isKnown = false;
    try {
      while (!isClosed) {
        try {
          if (!isKnown) {
            kind = opener.kind(address.uris());
            isKnown = isCluster() || !address.isCluster();
          }
          if (!isKnown) {
            throw new IllegalStateException(
                "redis.url names several servers, and they are no Redis Cluster");
          }
          if (!isCluster()) {
            RedisURI uri = address.uris().getFirst();
            change(
                Routes.single(
                    link(new Node("", String.valueOf(uri.getHost()), uri.getPort(), ""), uri)));
            return;
          }
          change(routes(topology()));
          pause = areUp() ? SHORTEST_PAUSE_MILLIS : Math.min(AWAY_REVIEW_MILLIS, pause * 2);
          rest(areUp() ? REVIEW_MILLIS : pause);
        } catch (ExecutionException | TimeoutException | RuntimeException e) {
          if (!isClosed) {
            events.failed(address.toString(), e);
          }
          Thread.sleep(pause); // whoever asks for a review: no server can be asked
          pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void rest(long millis) throws InterruptedException {
    if (!isClosed) {
      Thread.sleep(HASTY_REVIEW_MILLIS); // requests must not make this a busy loop
      boolean ignored = wake.tryAcquire(millis, TimeUnit.MILLISECONDS);
      wake.drainPermits();
    }
  }

  /**
   * The slots as some of the connected nodes see them. If these nodes do not know a master for each
   * slot, all addresses are asked too: a node that was taken out of the cluster, or has not joined
   * it yet, knows no other node.
   */
  private Topology topology() throws InterruptedException, ExecutionException, TimeoutException {
    List<Topology.View> connected = views();
    Topology topology = Topology.of(connected);
    if (topology.missingSlots() > 0) {
      topology =
          Topology.of(
              with(connected, opener.views(addresses(), more -> isWhole(with(connected, more)))));
    }
    int missing = topology.missingSlots();
    if (missing == SlotHash.SLOT_COUNT) {
      throw new IllegalStateException(
          "no node that answers knows a master with slots; redis.url must name nodes of one Redis"
              + " Cluster");
    }
    if (missing > 0 && log.isDue("missing slots")) {
      LOG.log(
          Level.WARNING,
          "{0} slots of the Redis Cluster at {1} have no server; this server refuses messages to the"
              + " rooms there",
          missing,
          address);
    }
    return topology;
  }

  private static List<Topology.View> with(List<Topology.View> some, List<Topology.View> more) {
    return Stream.concat(some.stream(), more.stream()).toList();
  }

  private static boolean isWhole(List<Topology.View> views) {
    return Topology.of(views).missingSlots() == 0;
  }

  /** How some of the connected nodes see the cluster; empty if none answers. */
  private List<Topology.View> views() throws InterruptedException {
    var links = new ArrayList<>(routes.links());
    Collections.shuffle(links);
    List<CompletableFuture<Topology.View>> asking =
        links.stream()
            .flatMap(
                link -> Optional.ofNullable(link.pair()).map(pair -> view(link, pair)).stream())
            .limit(ASKED)
            .toList();
    try {
      var unused =
          CompletableFuture.allOf(
                  asking.stream()
                      .map(each -> each.handle((ignored, failure) -> null))
                      .toArray(CompletableFuture<?>[]::new))
              .get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      // The answers of the others are enough.
    }
    return asking.stream()
        .filter(each -> each.isDone() && !each.isCompletedExceptionally())
        .map(CompletableFuture::resultNow)
        .toList();
  }

  private static CompletableFuture<Topology.View> view(NodeLink link, ConnectionPair pair) {
    return pair.send(to -> to.clusterNodes())
        .thenApply(text -> new Topology.View(link.node().host(), text))
        .toCompletableFuture();
  }

  /** The addresses of the settings, and the masters that were known last. */
  private List<RedisURI> addresses() {
    return Stream.concat(
            address.uris().stream(), routes.links().stream().map(link -> address.uri(link.node())))
        .distinct()
        .toList();
  }

  /** Routes to these masters, over the links that exist where a master is the same. */
  private Routes routes(Topology topology) {
    Map<String, NodeLink> links = new LinkedHashMap<>();
    for (Node node : topology.masters()) {
      links.put(
          node.id(),
          routes.links().stream()
              .filter(each -> each.node().id().equals(node.id()))
              .filter(each -> each.pair() != null || each.node().equals(node))
              .findFirst()
              .orElseGet(() -> link(node, address.uri(node))));
    }
    var bySlot = new @Nullable NodeLink[SlotHash.SLOT_COUNT];
    for (int slot = 0; slot < bySlot.length; slot++) {
      String owner = topology.owner(slot);
      bySlot[slot] = owner == null ? null : links.get(owner);
    }
    return new Routes(List.copyOf(links.values()), bySlot);
  }

  private void change(Routes fresh) {
    Routes before = routes;
    synchronized (transitions) {
      if (isClosed) {
        return;
      }
      routes = fresh;
      if (before != Routes.NONE && fresh.bySlot() != null && before.bySlot() != null) {
        for (NodeLink link : fresh.links()) {
          moved(link, gained(link, before.bySlot(), fresh.bySlot()));
        }
      }
    }
    before.links().stream().filter(each -> !fresh.links().contains(each)).forEach(NodeLink::close);
    fresh.links().stream().filter(each -> !before.links().contains(each)).forEach(NodeLink::start);
  }

  /** The slots that a link has now, and that another had before. */
  private static BitSet gained(
      NodeLink link, @Nullable NodeLink[] before, @Nullable NodeLink[] now) {
    var gained = new BitSet();
    for (int slot = 0; slot < now.length; slot++) {
      if (now[slot] == link && before[slot] != link) {
        gained.set(slot);
      }
    }
    return gained;
  }

  private void moved(NodeLink link, BitSet slots) {
    if (slots.isEmpty()) {
      return;
    }
    if (log.isDue("moved to " + link.node())) {
      LOG.log(
          Level.INFO,
          "the Redis Cluster has changed: the server {0} has taken over {1} slots; this server reads"
              + " what the rooms there have missed",
          link.node(),
          slots.cardinality());
    }
    if (link.pair() == null) {
      events.lost(Routes.names(slots));
    } else {
      events.reached(name(link), Routes.names(slots));
    }
  }
}
