package io.earshot.cluster;

import io.earshot.Measure;
import io.earshot.Moderation;
import io.earshot.moderation.MeasurePublisher;
import io.earshot.moderation.Moderator;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.room.Shard;
import io.earshot.spi.Broker;
import io.earshot.spi.Broker.Known;
import io.earshot.spi.Broker.Placed;
import io.earshot.spi.Broker.Stretch;
import io.earshot.spi.BrokerException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The bans, mutes and closed rooms of a cluster: a log that all servers write and read, kept by the
 * broker under a name that no room can have. A server that starts, or that was disconnected, reads
 * the entries that it has missed.
 *
 * <p>Entries may be applied in any order, since {@code Measures} gives the same result. An entry
 * that cannot be written waits until the broker can be reached. The broker keeps a limited number
 * of entries; so each server that writes also repeats the oldest entries that are still in force.
 *
 * <p>Owned by the event loop that the log's name chooses; {@link #told}, {@link #connected} and
 * {@link #tell} may be called from any thread.
 */
public final class MeasureLog implements MeasurePublisher {
  /** The log's name. Room names have no control characters. */
  static final String ROOM = "\u0001moderation";

  private static final System.Logger LOG = System.getLogger(MeasureLog.class.getName());

  /** How many entries are read from the broker at once. */
  private static final int CHUNK = 500;

  /** How long the broker keeps the log, in milliseconds: longer than any measure is in force. */
  private static final long KEEP = Moderation.LONGEST.plusDays(1).toMillis();

  /**
   * For how long the broker recognizes an entry that two servers write, in milliseconds: after the
   * log was lost, all servers write their entries again.
   */
  private static final long REPEAT_WINDOW = Duration.ofMinutes(5).toMillis();

  /** How many old entries are repeated with each new one. */
  private static final int REPEATS = 3;

  private final Cluster cluster;
  private final Moderator moderation;
  private final Shard shard;
  private final int remembered;
  private final Runnable whenRead;

  /** Up to where every entry is applied; null while nothing was read. */
  private @Nullable Cursor known;

  /** The origin of the entry at {@link #known}, or null if it is not known. */
  private Post.@Nullable Origin origin;

  private boolean isReading;

  /** Whether to read again after the read under way. */
  private boolean readAgain;

  /** The entries to be written, by the measure that they are about. */
  private final Map<String, Json> unwritten = new LinkedHashMap<>();

  /**
   * A log that was not read yet.
   *
   * @param remembered how many entries the broker keeps at least
   * @param whenRead run each time when every entry is applied
   */
  MeasureLog(
      Cluster cluster, Moderator moderation, Shard shard, int remembered, Runnable whenRead) {
    this.cluster = cluster;
    this.moderation = moderation;
    this.shard = shard;
    this.remembered = remembered;
    this.whenRead = whenRead;
  }

  private Broker.Terms terms() {
    return new Broker.Terms(remembered, KEEP, null, cluster.freshEpoch());
  }

  // --- reading ---------------------------------------------------------------------------------

  /** The broker can be reached, for the first time or again. */
  void connected() {
    shard.tellIfRunning(this::read);
  }

  private void read() {
    if (isReading) {
      readAgain = true;
      return;
    }
    isReading = true;
    Cursor from = known;
    var unused =
        cluster
            .broker()
            .open(ROOM, new Known(from, origin), from == null ? 1 : CHUNK, terms(), true)
            .whenComplete(
                (stretch, failure) -> shard.tellIfRunning(() -> read(from, stretch, failure)));
  }

  /** The broker has answered a read of what follows {@code from}. */
  private void read(@Nullable Cursor from, @Nullable Stretch stretch, @Nullable Throwable failure) {
    isReading = false;
    Cursor end = stretch == null ? null : stretch.end();
    if (stretch == null || end == null) {
      LOG.log(Level.DEBUG, "the log of measures cannot be read; trying again", failure);
      retry();
      return;
    }
    if (from == null || !from.epoch().equals(end.epoch())) {
      beginAnew(end.epoch());
      return;
    }
    stretch.posts().forEach(this::applyNext);
    boolean isBehind = known != null && end.offset() > known.offset();
    if (isBehind && !stretch.posts().isEmpty()) {
      read(); // there are more
      return;
    }
    if (isBehind) {
      known = end; // the broker no longer has the entries before
      origin = null;
    }
    if (readAgain) {
      readAgain = false;
      read();
      return;
    }
    whenRead.run();
    Map.copyOf(unwritten).keySet().forEach(about -> write(about, new CompletableFuture<>()));
  }

  private void retry() {
    shard.schedule(
        () -> {
          if (cluster.reaches(ROOM)) {
            read();
          }
        },
        Cluster.RETRY_PAUSE);
  }

  /** Reads another epoch from its start, and writes the entries that it may have lost. */
  private void beginAnew(String epoch) {
    known = new Cursor(epoch, 0);
    origin = null;
    moderation.allForEmptyLog().forEach(measure -> unwritten.put(measure.id(), measure.toJson()));
    read();
  }

  /** The log had this end a moment ago; what has not arrived is read. */
  void endIs(@Nullable Cursor end) {
    shard.tellIfRunning(
        () -> {
          boolean isKnown =
              known != null
                  && end != null
                  && known.epoch().equals(end.epoch())
                  && known.offset() >= end.offset();
          if (!isKnown && !isReading && (known != null || end != null)) {
            read();
          }
        });
  }

  /** The broker has sent an entry. */
  void told(Cursor place, Post post) {
    shard.tellIfRunning(
        () -> {
          Cursor now = known;
          if (now == null || !now.epoch().equals(place.epoch())) {
            read();
          } else if (place.offset() == now.offset() + 1) {
            applyNext(new Placed(place, post));
            repeatOldest(place.offset(), post.origin());
          } else if (place.offset() > now.offset()) {
            apply(new Placed(place, post));
            read();
          }
        });
  }

  private void applyNext(Placed entry) {
    Cursor place = entry.place();
    if (known == null || !known.epoch().equals(place.epoch()) || place.offset() > known.offset()) {
      known = place;
      origin = entry.post().origin();
      apply(entry);
    }
  }

  private void apply(Placed entry) {
    Post post = entry.post();
    moderation.learn(post.message(), entry.place().offset(), entry.age());
    // Whichever server wrote this entry, it need not be written again.
    if (post.message() instanceof Json.Obj fact) {
      if (fact.get("id") instanceof Json.Text(String id)) {
        unwritten.remove(id);
      } else if (fact.get("lift") instanceof Json.Text(String id)) {
        unwritten.remove(Moderator.subjectOfLift(id));
      }
    }
  }

  // --- writing ---------------------------------------------------------------------------------

  @Override
  public CompletionStage<Void> tell(String about, Json fact) {
    var written = new CompletableFuture<Void>();
    shard.tellIfRunning(
        () -> {
          unwritten.put(about, fact);
          write(about, written);
        });
    return written;
  }

  private void write(String about, CompletableFuture<Void> written) {
    Json fact = unwritten.get(about);
    if (fact == null) {
      written.complete(null);
      return;
    }
    // The broker writes one entry for each key, whichever servers write it.
    String key = known == null ? null : about + " " + known.epoch();
    var unused =
        publish(fact, key)
            .whenComplete(
                (ignored, failure) ->
                    shard.tellIfRunning(
                        () -> {
                          if (failure == null) {
                            unwritten.remove(about, fact);
                            written.complete(null);
                          } else {
                            written.completeExceptionally(BrokerException.cause(failure));
                          }
                        }));
  }

  private CompletionStage<Cursor> publish(Json fact, @Nullable String key) {
    return cluster
        .broker()
        .publish(
            ROOM,
            cluster.post(moderation.timed(fact), Json.of(cluster.peer()), null, null, false, null),
            terms(),
            key,
            REPEAT_WINDOW);
  }

  /**
   * After an entry of this server, writes the oldest entries again that the broker will forget.
   * Several for each new one, and from the middle of what the broker keeps, so that every entry is
   * repeated in time.
   */
  private void repeatOldest(long offset, Post.Origin by) {
    if (by.peer().equals(cluster.peer()) && offset > remembered / 2) {
      for (Measure measure : moderation.publishedBefore(offset - remembered / 2, REPEATS)) {
        var unused = publish(measure.toJson(), measure.id() + " " + offset);
      }
    }
  }
}
