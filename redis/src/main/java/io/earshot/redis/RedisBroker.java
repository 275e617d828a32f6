package io.earshot.redis;

import static io.earshot.redis.connection.Utf8.bytes;

import io.earshot.Config;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.Signal;
import io.earshot.redis.connection.ClockSkew;
import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Connector;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.MessageSigner;
import io.earshot.redis.connection.RateLimitedLog;
import io.earshot.redis.connection.Utf8;
import io.earshot.redis.feed.RedisFeed;
import io.earshot.redis.say.FeedKeys;
import io.earshot.redis.say.OwnSays;
import io.earshot.redis.say.Says;
import io.earshot.spi.Broker;
import io.earshot.spi.Bus;
import io.earshot.spi.SharedFeed;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A broker over Redis. Commands go out on one connection, in order; messages of rooms come in on
 * another, in a Redis Cluster two for each master. New ones are opened when one breaks: commands
 * that were not answered then fail, and none that Redis may have run is sent again.
 *
 * <p>Thread-safe: its parts are made at the start, and thread-safe themselves.
 */
final class RedisBroker implements Broker {
  /** How often the same warning or error is logged. */
  private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

  /**
   * Added to the time that an HTTP client stays on a server: a request may take so long, and the
   * time runs from its end.
   */
  private static final long CLAIM_MARGIN_MILLIS = 30_000;

  private final Config.Redis settings;
  private final long feedBytes;
  private final InstantSource wall;
  private final LongSupplier nanos;
  private final Connector connector;
  private final Keys keys;
  private volatile @Nullable Started started;

  /**
   * The parts of a broker that knows its peer and its bus.
   *
   * <p>Immutable.
   */
  private record Started(
      ClusterState state,
      Failures failures,
      Says says,
      RoomCommands rooms,
      RoomMembers members,
      PeerChannel peers,
      Heartbeat heartbeat,
      ClockSkew skew,
      RedisFeed feed) {}

  /**
   * Throws IllegalArgumentException if {@code redis.url} is not an address.
   *
   * @param feedBytes how many bytes of events may wait in the feed
   * @param wall the time of day, which is compared with that of Redis
   * @param nanos a clock that is never set, in nanoseconds, by which leases end
   */
  RedisBroker(Config.Redis settings, long feedBytes, InstantSource wall, LongSupplier nanos) {
    this.feedBytes = feedBytes;
    this.wall = wall;
    this.nanos = nanos;
    this.settings = settings;
    this.connector = new Connector(settings);
    this.keys = Keys.of(settings.prefix(), connector.database());
  }

  @Override
  public void start(String peer, Bus bus) {
    var log = new RateLimitedLog(LOG_INTERVAL);
    var failures = new Failures(log);
    var signer = new MessageSigner(settings.secret());
    var decoder = new MessageDecoder(signer, log);
    var beats = new Beats();
    var state = new ClusterState(peer, nanos, beats);
    var own = new OwnSays(peer);
    FeedKeys feedKeys = keys.feed(feedBytes);
    var says = new Says(state, failures, own, feedKeys);
    var feed =
        new RedisFeed(feedKeys, peer, settings.lease(), state, failures, signer, keys::signed, log);
    var index = new RoomIndex(keys, failures, peer, settings.lease());
    var rooms = new RoomCommands(state, keys, index, signer, decoder, failures, says, bus);
    var members = new RoomMembers(state, keys, index, failures);
    var peers = new PeerChannel(state, keys, signer, failures, bus, settings.timeout());
    var inbox = new Inbox(keys, peer, decoder, own, beats, peers, bus);
    var reaper = new Reaper(state, keys, members, rooms, bus);
    var skew = new ClockSkew(wall, log);
    var reach = new Reach(connector.address(), keys, state, beats, bus, log);
    var heartbeat =
        new Heartbeat(
            connector,
            settings,
            keys,
            state,
            beats,
            inbox,
            index,
            reaper,
            bus,
            signer,
            look(rooms, bus),
            reach,
            skew,
            nanos);
    started = new Started(state, failures, says, rooms, members, peers, heartbeat, skew, feed);
    heartbeat.start();
  }

  private static Consumer<String> look(RoomCommands rooms, Bus bus) {
    return room -> {
      var unused = rooms.end(room).thenAccept(end -> bus.endIs(room, end));
    };
  }

  private Started started() {
    Started parts = started;
    if (parts == null) {
      throw new IllegalStateException("the broker has not started");
    }
    return parts;
  }

  @Override
  public void close() {
    Started parts = started;
    if (parts != null) {
      parts.says.close();
      parts.heartbeat.close();
    }
  }

  @Override
  public boolean reaches(String room) {
    Connections redis = started().state.connections();
    return redis != null && redis.reaches(keys.channel(room));
  }

  @Override
  public boolean reachesAll() {
    Connections redis = started().state.connections();
    return redis != null && redis.reachesAll();
  }

  // --- rooms -----------------------------------------------------------------------------------

  @Override
  public CompletionStage<Stretch> open(
      String room, Known known, int limit, Terms terms, boolean make) {
    return started().rooms.open(room, known, limit, terms, make);
  }

  @Override
  public void close(String room) {
    started().rooms.close(room);
  }

  @Override
  public CompletionStage<Cursor> publish(
      String room, Post post, Terms terms, @Nullable String repeat, long window) {
    return started().rooms.publish(room, post, terms, repeat, window);
  }

  @Override
  public void signal(String room, Signal signal) {
    started().rooms.signal(room, signal);
  }

  @Override
  public CompletionStage<@Nullable Moved> enter(
      String room, String id, Post announcement, int upTo, Terms terms, boolean take) {
    return started().rooms.enter(room, id, announcement, upTo, terms, take);
  }

  @Override
  public CompletionStage<Moved> leave(
      String room, String id, Post announcement, int upTo, Terms terms) {
    Started parts = started();
    return parts.rooms.leave(room, id, parts.state.owner(), announcement, upTo, terms);
  }

  @Override
  public CompletionStage<List<Present>> members(String room) {
    return started().members.present(room);
  }

  @Override
  public CompletionStage<Tally> tally(String room) {
    return started().members.tally(room);
  }

  @Override
  public CompletionStage<Entries> entries(String room) {
    return started().members.entries(room);
  }

  @Override
  public CompletionStage<@Nullable Cursor> end(String room) {
    return started().rooms.end(room);
  }

  // --- servers ---------------------------------------------------------------------------------

  @Override
  public String owner() {
    return started().state.owner();
  }

  @Override
  public CompletionStage<String> identity(String proposed) {
    Started parts = started();
    Connections redis = parts.state.connections();
    if (redis == null) {
      return parts.state.unavailable();
    }
    return parts.failures.translated(
        redis
            .setIfAbsent(keys.identity(), proposed)
            .thenCompose(ignored -> redis.text(keys.identity()))
            .thenApply(known -> known == null ? proposed : known));
  }

  @Override
  public List<String> peers() {
    return started().state.peers();
  }

  @Override
  public long roundTrip() {
    return started().heartbeat.roundTrip();
  }

  @Override
  public long clockSkew() {
    return started().skew.millis();
  }

  @Override
  public long leaseLeft() {
    return started().state.leaseLeft();
  }

  @Override
  public CompletionStage<Json> ask(String peer, Json question) {
    return started().peers.ask(peer, question);
  }

  @Override
  public CompletionStage<@Nullable Json> askAll(Json question) {
    return started().peers.askAll(question);
  }

  @Override
  public SharedFeed feed() {
    return started().feed;
  }

  // --- HTTP clients ----------------------------------------------------------------------------

  @Override
  public CompletionStage<String> claim(String client, Duration ttl) {
    Started parts = started();
    ClusterState state = parts.state;
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    return parts
        .failures
        .translated(
            redis.runForValue(
                Scripts.CLAIM,
                new String[] {keys.client(client)},
                bytes(state.peer()),
                bytes(ttl.toMillis() + CLAIM_MARGIN_MILLIS),
                bytes(" " + String.join(" ", state.deadPeers()) + " ")))
        .thenApply(Utf8::text);
  }

  @Override
  public void release(String client) {
    ClusterState state = started().state;
    Connections redis = state.connections();
    if (redis != null) {
      var unused =
          redis.runForValue(
              Scripts.RELEASE, new String[] {keys.client(client)}, bytes(state.peer()));
    }
  }
}
