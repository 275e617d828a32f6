package io.earshot.redis.feed;

import static io.earshot.redis.connection.Utf8.bytes;
import static io.earshot.redis.connection.Utf8.text;

import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.MessageSigner;
import io.earshot.redis.connection.RateLimitedLog;
import io.earshot.redis.connection.Script;
import io.earshot.redis.say.FeedKeys;
import io.earshot.redis.say.Standing;
import io.earshot.spi.SharedFeed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The feed in Redis: a stream for each part, and a hash with the positions and leases of its
 * consumers. The scripts that publish messages add them, too; in a Redis Cluster they cannot, since
 * the feed is in another slot than most rooms.
 *
 * <p>Thread-safe: a concurrent map.
 */
public final class RedisFeed implements SharedFeed {
  /** The scripts, for loading. */
  public static final List<Script> SCRIPTS = FeedScripts.ALL;

  /** How many bytes of events there are in one answer, unless a single one is larger. */
  private static final int MOST_BYTES = 256 * 1024;

  /** How often it is read again at once, if no event of an answer is valid. */
  private static final int MOST_SKIPS = 8;

  private static final byte[] NOTHING = {};

  /** Not the threads of Redis' connections, on which the answers to messages wait. */
  private static final Executor DECODERS =
      task -> {
        var unused = Thread.startVirtualThread(task);
      };

  private final FeedKeys keys;
  private final Standing standing;
  private final Failures failures;
  private final FeedEntries entries;
  private final byte[] server;
  private final byte[] lease;
  private final List<FeedLane> lanes;

  /** The number of the last event that was read, for each consumer and part. */
  private final Map<String, Long> read = new ConcurrentHashMap<>();

  /**
   * The feed of a server.
   *
   * @param peer the name of this run of this server
   * @param lease how long a consumer waits for a server that does not answer
   * @param signer signs events and verifies them
   * @param signedFor what the signature of a message names beside the message, for each room
   */
  public RedisFeed(
      FeedKeys keys,
      String peer,
      Duration lease,
      Standing standing,
      Failures failures,
      MessageSigner signer,
      UnaryOperator<String> signedFor,
      RateLimitedLog log) {
    this.keys = keys;
    this.standing = standing;
    this.failures = failures;
    this.entries = new FeedEntries(signer, signedFor, log);
    this.server = bytes(peer);
    this.lease = bytes(lease.toMillis());
    this.lanes =
        IntStream.range(0, keys.parts())
            .mapToObj(part -> new FeedLane(keys.stream(part), keys.bytes(), standing, failures))
            .toList();
  }

  @Override
  public int parts() {
    return keys.parts();
  }

  @Override
  public boolean takesMessages() {
    return keys.takeMessages(standing.connections());
  }

  @Override
  public CompletionStage<Void> add(int part, List<byte[]> events) {
    String stream = keys.stream(part);
    return lanes.get(part).add(events.stream().map(each -> entries.signed(stream, each)).toList());
  }

  @Override
  public CompletionStage<Turn> next(
      String consumer, int part, @Nullable String dealtWith, int most) {
    return next(consumer, part, dealtWith, most, MOST_SKIPS);
  }

  private CompletionStage<Turn> next(
      String consumer, int part, @Nullable String dealtWith, int most, int skips) {
    Connections redis = standing.connections();
    if (redis == null) {
      return CompletableFuture.failedStage(standing.whyUnavailable());
    }
    Long before = read.get(reader(consumer, part));
    return failures
        .translated(
            redis.run(
                FeedScripts.NEXT,
                new String[] {keys.stream(part)},
                bytes(consumer),
                server,
                lease,
                dealtWith == null ? NOTHING : bytes(dealtWith),
                bytes(most),
                bytes(MOST_BYTES),
                before == null ? NOTHING : bytes(before)))
        .thenComposeAsync(answer -> turn(consumer, part, most, skips, answer), DECODERS);
  }

  private static String reader(String consumer, int part) {
    return part + " " + consumer;
  }

  private CompletionStage<Turn> turn(
      String consumer, int part, int most, int skips, List<Object> answer) {
    boolean isOurs = Long.valueOf(1).equals(answer.get(0));
    var found = (List<?>) answer.get(3);
    var valid = new ArrayList<Entry>(found.size());
    for (Object each : found) {
      Entry entry = entries.entry(keys.stream(part), (List<?>) each);
      if (entry != null) {
        valid.add(entry);
      }
    }
    if (valid.isEmpty() && !found.isEmpty() && skips > 0) {
      // Without an event the caller has no position to continue from.
      String last = text(((List<?>) found.getLast()).getFirst());
      return next(consumer, part, last, most, skips - 1);
    }
    if (!isOurs) {
      read.put(reader(consumer, part), 0L);
    } else if (!valid.isEmpty() || most > 0) {
      read.put(reader(consumer, part), valid.isEmpty() ? 0 : number(valid.getLast()));
    } else {
      read.putIfAbsent(reader(consumer, part), 0L);
    }
    return CompletableFuture.completedStage(
        new Turn(isOurs, valid, (Long) answer.get(1), (Long) answer.get(2)));
  }

  private static long number(Entry entry) {
    return Long.parseLong(entry.position().substring(entry.position().indexOf('-') + 1));
  }

  @Override
  public void release(String consumer, int part) {
    Connections redis = standing.connections();
    if (redis != null) {
      var unused =
          redis.runForValue(
              FeedScripts.RELEASE, new String[] {keys.stream(part)}, bytes(consumer), server);
    }
  }
}
