package io.earshot.redis.connection;

import java.util.function.Predicate;

/**
 * What happens to the connections of a server to Redis. Called by several threads, one at a time;
 * no method blocks.
 */
public interface ConnectionEvents {

  /**
   * Commands for these names can be sent, and their channels have to be subscribed to again:
   * messages may be missing.
   *
   * @param address the server of Redis, for log lines
   * @param names the keys and channels, as they are at this moment
   */
  void reached(String address, Predicate<String> names);

  /** Commands for these names cannot be sent, and messages of their channels do not arrive. */
  void lost(Predicate<String> names);

  /** Redis has ended the subscription of a channel. */
  void unsubscribed(String channel);

  /**
   * A server of Redis cannot be used, and is tried again.
   *
   * @param address the server of Redis, for log lines
   * @param failure the reason, for {@link Failures#reason}
   */
  void failed(String address, Exception failure);
}
