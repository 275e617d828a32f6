package io.earshot.redis.connection;

import io.earshot.Config;
import io.earshot.redis.link.Opener;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Connects to the Redis of the settings.
 *
 * <p>Immutable.
 */
public final class Connector {
  private final Address address;
  private final Config.Redis settings;

  /**
   * Makes a connector; does not connect.
   *
   * @throws IllegalArgumentException if {@code redis.url} is not an address; the message says what
   *     to write
   */
  public Connector(Config.Redis settings) {
    this.address = Address.of(settings);
    this.settings = settings;
  }

  /** The address for log lines, without passwords. */
  public String address() {
    return address.toString();
  }

  /** The number of the database; 0 in a Redis Cluster. */
  public int database() {
    return address.uris().getFirst().getDatabase();
  }

  /**
   * Starts to connect, and keeps connecting until the connections are closed. Does not wait.
   *
   * @param scripts loaded on each server, if it lets them be loaded
   * @param interval how often to ask each server for an answer, in milliseconds
   * @param listener receives the channel and the text of each message on a subscribed channel;
   *     called by one thread of Lettuce per connection
   * @param events told what happens to the connections
   * @param log limits how often the same kind of line is logged
   */
  public Connections open(
      List<Script> scripts,
      long interval,
      BiConsumer<String, byte[]> listener,
      ConnectionEvents events,
      RateLimitedLog log) {
    var servers =
        new Servers(
            address,
            new Opener(
                settings, scripts.stream().map(Script::text).toList(), () -> RedisTls.of(settings)),
            settings.timeout(),
            interval,
            listener,
            events,
            log);
    var connections = new Connections(servers);
    connections.start();
    return connections;
  }
}
