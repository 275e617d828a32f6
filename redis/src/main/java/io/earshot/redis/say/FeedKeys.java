package io.earshot.redis.say;

import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Written;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the feed in Redis, one stream for each part. All of them are in one slot of a Redis
 * Cluster.
 *
 * <p>Thread-safe: apart from a volatile flag it is immutable.
 */
public final class FeedKeys {
  private final List<String> streams;
  private final List<Written> written;
  private final long bytes;

  /** Whether Redis was found to be a cluster, which does not change. */
  private volatile boolean isApart;

  /**
   * Keys with these names.
   *
   * @param streams the keys of the parts
   * @param bytes how many bytes of events may wait in all parts together
   */
  public FeedKeys(List<String> streams, long bytes) {
    this.streams = List.copyOf(streams);
    this.written = streams.stream().map(Written::of).toList();
    this.bytes = bytes / streams.size();
  }

  /** The number of parts. */
  public int parts() {
    return streams.size();
  }

  /**
   * The key of a part's stream.
   *
   * @throws IndexOutOfBoundsException if there is no such part
   */
  public String stream(int part) {
    return streams.get(part);
  }

  /** The same key, as an argument of a command. */
  Written written(int part) {
    return written.get(part);
  }

  /** These keys if a script can change them together with those of any room; else null. */
  public @Nullable FeedKeys in(Connections redis) {
    return in(redis.isCluster());
  }

  @Nullable FeedKeys in(boolean isCluster) {
    if (isCluster && !isApart) {
      isApart = true;
    }
    return isCluster ? null : this;
  }

  /**
   * Whether scripts that publish messages change these keys, too. While Redis cannot be reached,
   * what was found before counts: by the time that a message has its place it is known.
   *
   * @param redis the connections; null if there are none
   */
  public boolean takeMessages(@Nullable Connections redis) {
    return redis == null ? !isApart : in(redis) != null;
  }

  /** How many bytes of events may wait in each part. */
  public long bytes() {
    return bytes;
  }
}
