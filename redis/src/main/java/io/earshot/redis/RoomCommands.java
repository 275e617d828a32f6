package io.earshot.redis;

import static io.earshot.redis.connection.Utf8.bytes;
import static io.earshot.redis.connection.Utf8.text;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.protocol.Signal;
import io.earshot.protocol.User;
import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.MessageSigner;
import io.earshot.redis.connection.Script;
import io.earshot.redis.say.RoomNames;
import io.earshot.redis.say.Says;
import io.earshot.spi.Broker.Known;
import io.earshot.spi.Broker.Moved;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Stretch;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Bus;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs the scripts that change rooms: writes their arguments and reads their answers.
 *
 * <p>Thread-safe: an atomic counter.
 */
final class RoomCommands {
  private static final byte[] ZERO = {'0'};
  private static final byte[] ONE = {'1'};
  private static final byte[] NOTHING = {};

  /** How many signals may be on their way to Redis. */
  private static final int MOST_SIGNALS = 1_000;

  private final ClusterState state;
  private final Keys keys;
  private final RoomIndex index;
  private final MessageSigner signer;
  private final MessageDecoder decoder;
  private final Failures failures;
  private final Says says;
  private final Bus bus;
  private final AtomicInteger signalsUnderWay = new AtomicInteger();

  RoomCommands(
      ClusterState state,
      Keys keys,
      RoomIndex index,
      MessageSigner signer,
      MessageDecoder decoder,
      Failures failures,
      Says says,
      Bus bus) {
    this.state = state;
    this.keys = keys;
    this.index = index;
    this.signer = signer;
    this.decoder = decoder;
    this.failures = failures;
    this.says = says;
    this.bus = bus;
  }

  /** Subscribes to a room and reads its messages; see {@link io.earshot.spi.Broker#open}. */
  CompletionStage<Stretch> open(String room, Known known, int limit, Terms terms, boolean make) {
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    Post.Origin origin = known.origin();
    Terms knowing = new Terms(terms.messages(), terms.keep(), known.cursor(), terms.freshEpoch());
    return failures
        .translated(redis.subscribe(keys.channel(room)))
        .thenCompose(
            ignored ->
                run(
                    redis,
                    Scripts.OPEN,
                    room,
                    null,
                    arguments(
                        redis,
                        room,
                        null,
                        knowing,
                        bytes(origin == null ? "" : origin.toString()),
                        bytes(limit),
                        make ? ONE : ZERO)))
        .thenApply(answer -> stretch(room, answer));
  }

  private Stretch stretch(String room, List<Object> answer) {
    if (isNone(answer)) {
      return new Stretch(null, List.of());
    }
    Cursor end = cursor(answer.get(1));
    var posts = new ArrayList<Placed>();
    for (Object each : (List<?>) answer.get(2)) {
      var entry = (List<?>) each;
      String id = text(entry.get(0));
      long offset = Long.parseLong(id.substring(0, id.indexOf('-')));
      Post post = decoder.post(keys.signed(room), (byte[]) entry.get(1));
      if (post != null) {
        posts.add(new Placed(new Cursor(end.epoch(), offset), post, (Long) entry.get(2)));
      }
    }
    return new Stretch(end, posts);
  }

  /** Ends the subscription of a room. */
  void close(String room) {
    Connections redis = state.connections();
    if (redis != null) {
      var unused = redis.unsubscribe(keys.channel(room));
    }
    index.close(room);
  }

  /** Publishes a message; see {@link io.earshot.spi.Broker#publish}. */
  CompletionStage<Cursor> publish(
      String room, Post post, Terms terms, @Nullable String repeat, long window) {
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    RoomNames names = index.use(redis, state.owner(), room);
    return says.publish(
        bus.loop(room),
        names,
        post,
        signer.sign(names.signed(), post.encode()),
        terms,
        repeat == null ? null : keys.repeat(room, repeat),
        window);
  }

  /**
   * Sends a signal to the other servers; see {@link io.earshot.spi.Broker#signal}. Dropped while
   * many are not answered, so that signals never fill the connection.
   */
  void signal(String room, Signal signal) {
    Connections redis = state.connections();
    if (redis == null || signalsUnderWay.get() >= MOST_SIGNALS) {
      return;
    }
    byte[] json = new Signal.Sent(state.peer(), signal).encode();
    byte[] signed = signer.sign(keys.signedSignal(room), json);
    byte[] message = Arrays.copyOf(Inbox.SIGNAL, Inbox.SIGNAL.length + signed.length);
    System.arraycopy(signed, 0, message, Inbox.SIGNAL.length, signed.length);
    signalsUnderWay.incrementAndGet();
    var unused =
        redis
            .publish(keys.channel(room), message)
            .whenComplete((ignored, failure) -> signalsUnderWay.decrementAndGet());
  }

  /** Adds a member of this server; see {@link io.earshot.spi.Broker#enter}. */
  CompletionStage<@Nullable Moved> enter(
      String room, String id, Post announcement, int upTo, Terms terms, boolean take) {
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    String owner = state.owner();
    User user = announcement.user();
    // Sent before the member is added, so that a member is never in a room that is not indexed.
    CompletionStage<?> indexed = index.add(redis, owner, room);
    return runOnMembers(
            redis,
            Scripts.ENTER,
            room,
            announcement,
            terms,
            bytes(id),
            bytes(owner),
            bytes(upTo),
            take ? ONE : ZERO,
            idOf(user),
            user == null ? NOTHING : user.json().encode())
        .<@Nullable Object, @Nullable Moved>thenCombine(
            indexed,
            (answer, ignored) ->
                text(answer.getFirst()).equals("elsewhere") ? null : moved(answer));
  }

  /** Removes a member if it belongs to the owner, which may be dead. */
  CompletionStage<Moved> leave(
      String room, String id, String owner, Post announcement, int upTo, Terms terms) {
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    index.use(redis, state.owner(), room);
    return runOnMembers(
            redis,
            Scripts.LEAVE,
            room,
            announcement,
            terms,
            bytes(id),
            bytes(owner),
            bytes(upTo),
            idOf(announcement.user()))
        .thenApply(RoomCommands::moved);
  }

  private static byte[] idOf(@Nullable User user) {
    return user == null ? NOTHING : bytes(user.id());
  }

  /** The end of a room's order; null if the room has none. */
  CompletionStage<@Nullable Cursor> end(String room) {
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    says.flush(bus.loop(room), redis, keys.head(room));
    return failures
        .translated(redis.fields(keys.head(room), "e", "o"))
        .<@Nullable Cursor>thenApply(
            values -> {
              byte[] epoch = values.get(0);
              byte[] offset = values.get(1);
              return epoch == null || offset == null
                  ? null
                  : new Cursor(text(epoch), Long.parseLong(text(offset)));
            });
  }

  // --- scripts ---------------------------------------------------------------------------------

  /** Runs a script that changes a room's members, and announces it. */
  private CompletionStage<List<Object>> runOnMembers(
      Connections redis,
      Script script,
      String room,
      Post announcement,
      Terms terms,
      byte[]... own) {
    return run(
        redis, script, room, keys.users(room), arguments(redis, room, announcement, terms, own));
  }

  private CompletionStage<List<Object>> run(
      Connections redis, Script script, String room, @Nullable String fourth, byte[][] arguments) {
    if (state.isLeaseOver()) {
      return CompletableFuture.failedStage(state.lostContact());
    }
    String[] names =
        fourth == null
            ? new String[] {keys.head(room), keys.log(room), keys.members(room)}
            : new String[] {keys.head(room), keys.log(room), keys.members(room), fourth};
    says.flush(bus.loop(room), redis, names[0]);
    return failures
        .translated(redis.run(script, names, arguments))
        .thenApply(
            answer -> {
              if (text(answer.getFirst()).equals("over")) {
                throw state.lostContact();
              }
              if (text(answer.getFirst()).equals("late")) {
                throw new BrokerException(
                    "a later message of the same server came first; try again", false);
              }
              return answer;
            });
  }

  /** The arguments that all scripts of rooms share, and then the script's own. */
  private byte[][] arguments(
      Connections redis, String room, @Nullable Post post, Terms terms, byte[]... own) {
    Cursor known = terms.known();
    byte[][] all =
        Arrays.copyOf(
            new byte[][] {
              bytes(state.leaseUntil()),
              bytes(keys.channel(room)),
              bytes(redis.publishCommand()),
              bytes(post == null ? "" : post.origin().peer()),
              post == null ? ZERO : bytes(post.origin().number()),
              post == null ? NOTHING : signer.sign(keys.signed(room), post.encode()),
              bytes(terms.keep()),
              bytes(terms.messages()),
              bytes(known == null ? "" : known.epoch()),
              known == null ? ZERO : bytes(known.offset()),
              bytes(terms.freshEpoch())
            },
            11 + own.length);
    System.arraycopy(own, 0, all, 11, own.length);
    return all;
  }

  // --- answers ---------------------------------------------------------------------------------

  private static boolean isNone(List<Object> answer) {
    return text(answer.getFirst()).equals("none");
  }

  private static Moved moved(List<Object> answer) {
    return new Moved(cursor(answer.get(1)), Long.valueOf(1).equals(answer.get(2)));
  }

  private static Cursor cursor(Object value) {
    Cursor cursor = Cursor.parse(text(value));
    if (cursor == null) {
      throw new IllegalStateException("not a cursor in Redis: " + text(value));
    }
    return cursor;
  }
}
