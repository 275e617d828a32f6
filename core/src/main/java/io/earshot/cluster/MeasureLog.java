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
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What all servers of a cluster know of what was decided: the log of a room that nobody can be in,
 * since its name is none. Whoever starts, or was out of touch, reads what it has missed.
 *
 * <p>What was told is taken in in whatever order it comes, since {@code Measures} do not mind. What
 * could not be told waits until the others can be reached. The log has an end at which it forgets;
 * so whoever tells something repeats what would soon be forgotten.
 *
 * <p>Owned by the event loop that the room's name chooses; {@link #told}, {@link #connected} and
 * {@link #tell} may be called from anywhere.
 */
public final class MeasureLog implements MeasurePublisher {
  /** No room's name: those have no control characters. */
  static final String ROOM = "\u0001moderation";

  private static final System.Logger LOG = System.getLogger(MeasureLog.class.getName());

  /** So much is asked for at once. */
  private static final int CHUNK = 500;

  /** How long to wait before what failed is tried again, in milliseconds. */
  private static final long PAUSE = 1_000;

  /** Longer than any measure holds, in milliseconds. */
  private static final long KEEP = Moderation.LONGEST.plusDays(1).toMillis();

  /** How long two servers may take to tell the same in a log that begins anew, in milliseconds. */
  private static final long SAME = Duration.ofMinutes(5).toMillis();

  private static final int REPEATS = 3;

  private final Cluster cluster;
  private final Moderator moderation;
  private final Shard shard;
  private final int remembered;
  private final Runnable whenRead;

  /** Up to where all is known; null while nothing was read. */
  private @Nullable Cursor known;

  private Post.@Nullable Origin origin;
  private boolean asking;
  private boolean askAgain;

  /** What the others were not told yet, by what it is about. */
  private final Map<String, Json> untold = new LinkedHashMap<>();

  /**
   * A log that was not read yet.
   *
   * @param remembered how many facts it has to remember
   * @param whenRead run each time when all that the others have told is known
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

  /** The others can be reached, for the first time or again. */
  void connected() {
    shard.tell(this::ask);
  }

  private void ask() {
    if (asking) {
      askAgain = true;
      return;
    }
    asking = true;
    Cursor from = known;
    var _ =
        cluster
            .broker()
            .open(ROOM, new Known(from, origin), from == null ? 1 : CHUNK, terms(), true)
            .whenComplete((stretch, failure) -> shard.tell(() -> learn(from, stretch, failure)));
  }

  private void learn(
      @Nullable Cursor from, @Nullable Stretch stretch, @Nullable Throwable failure) {
    asking = false;
    Cursor end = stretch == null ? null : stretch.end();
    if (stretch == null || end == null) {
      LOG.log(Level.DEBUG, "what was decided peers cannot be read", failure);
      shard.schedule(
          () -> {
            if (cluster.isUp()) {
              ask();
            }
          },
          PAUSE);
      return;
    }
    if (from == null || !from.epoch().equals(end.epoch())) {
      known = new Cursor(end.epoch(), 0);
      origin = null;
      // An order that begins anew may lack what was told in the one before.
      moderation.untold().forEach(measure -> untold.put(measure.id(), measure.toJson()));
      ask();
      return;
    }
    stretch.posts().forEach(this::take);
    if (known != null && end.offset() > known.offset() && !stretch.posts().isEmpty()) {
      ask(); // there is more
      return;
    }
    if (known != null && end.offset() > known.offset()) {
      known = end;
      origin = null;
    }
    if (askAgain) {
      askAgain = false;
      ask();
      return;
    }
    whenRead.run();
    Map.copyOf(untold).keySet().forEach(about -> publish(about, new CompletableFuture<>()));
  }

  /** Something was told. */
  void told(Cursor place, Post post) {
    shard.tell(
        () -> {
          Cursor now = known;
          if (now == null || !now.epoch().equals(place.epoch())) {
            ask();
          } else if (place.offset() == now.offset() + 1) {
            take(new Placed(place, post));
            repeat(place.offset(), post.origin());
          } else if (place.offset() > now.offset()) {
            learn(post, place);
            ask();
          }
        });
  }

  private void take(Placed placed) {
    Cursor place = placed.place();
    if (known == null || !known.epoch().equals(place.epoch()) || place.offset() > known.offset()) {
      known = place;
      origin = placed.post().origin();
      learn(placed.post(), place);
    }
  }

  private void learn(Post post, Cursor place) {
    moderation.learn(post.message(), place.offset());
    // What the log has need not be told, whoever told it.
    if (post.message() instanceof Json.Obj fact) {
      if (fact.get("id") instanceof Json.Text(String id)) {
        untold.remove(id);
      } else if (fact.get("lift") instanceof Json.Text(String id)) {
        untold.remove(Moderator.lifting(id));
      }
    }
  }

  // --- telling ---------------------------------------------------------------------------------

  @Override
  public CompletionStage<Void> tell(String about, Json fact) {
    var told = new CompletableFuture<Void>();
    shard.tell(
        () -> {
          untold.put(about, fact);
          publish(about, told);
        });
    return told;
  }

  private void publish(String about, CompletableFuture<Void> told) {
    Json fact = untold.get(about);
    if (fact == null) {
      told.complete(null);
      return;
    }
    // Said again it is the same, if it was told in this order already.
    String once = known == null ? null : about + " " + known.epoch();
    var _ =
        publish(fact, once)
            .whenComplete(
                (_, failure) ->
                    shard.tell(
                        () -> {
                          if (failure == null) {
                            untold.remove(about, fact);
                            told.complete(null);
                          } else {
                            told.completeExceptionally(BrokerException.cause(failure));
                          }
                        }));
  }

  private CompletionStage<@Nullable Cursor> publish(Json fact, @Nullable String once) {
    return cluster
        .broker()
        .publish(
            ROOM,
            cluster.post(fact, Json.of(cluster.peer()), null, false, null),
            terms(),
            once,
            SAME,
            false);
  }

  /**
   * Tells again what would be forgotten soon: more of it than was told anew, and long before its
   * time, so that all of it is told again.
   */
  private void repeat(long offset, Post.Origin by) {
    if (by.peer().equals(cluster.peer()) && offset > remembered / 2) {
      List<Measure> old = moderation.toldBefore(offset - remembered / 2, REPEATS);
      old.forEach(
          measure -> {
            var _ = publish(measure.toJson(), measure.id() + " " + offset);
          });
    }
  }
}
