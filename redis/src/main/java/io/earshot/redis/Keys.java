package io.earshot.redis;

import io.earshot.protocol.Post;
import io.earshot.redis.connection.Written;
import io.earshot.redis.say.FeedKeys;
import io.earshot.redis.say.RoomNames;
import io.earshot.spi.SharedFeed;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The names of keys and channels in Redis. All keys of a room contain the room's name in braces. A
 * Redis Cluster chooses the server of a key by the text in braces, so one server has all keys of a
 * room, and one script can change them all.
 *
 * <p>Keys belong to a database of Redis, but all databases share their channels. So the names of
 * channels contain the number of the database. Those of database 0 do not, as in all earlier
 * versions.
 *
 * <p>Immutable.
 *
 * @param prefix the beginning of all names of keys
 * @param channelPrefix the beginning of all names of channels
 */
record Keys(String prefix, String channelPrefix) {
  /** How many servers can serve a consumer at the same time; all servers must agree on it. */
  private static final int FEED_PARTS = 4;

  /** The names in a database, with the prefix of the settings. */
  static Keys of(String prefix, int database) {
    return new Keys(prefix, database == 0 ? prefix : prefix + "db" + database + ":");
  }

  /**
   * A hash: the epoch {@code e}, the last offset {@code o}, the last number of each peer, and the
   * tally of each owner.
   */
  String head(String room) {
    return of(room) + ":head";
  }

  /** The field of a head with the number and the checksum of an owner's members. */
  static String tally(String owner) {
    return "c:" + owner;
  }

  /** The fields of a head with the last numbers of a peer. */
  static String[] numbers(String peer) {
    return new String[] {"n:" + peer, "n:" + new Post.Origin(peer, 0).apart().peer()};
  }

  /** A stream: the last messages of the room; the id of an entry is its offset. */
  String log(String room) {
    return of(room) + ":log";
  }

  /**
   * A hash: the members, each with its owner, its place in the order of joining, and if it has a
   * user, the user's id, a line feed, and the user as JSON.
   */
  String members(String room) {
    return of(room) + ":members";
  }

  /** A hash: how many members each user has, by the user's id. */
  String users(String room) {
    return of(room) + ":users";
  }

  /** A text: the position of a message that has a message id. */
  String repeat(String room, String messageId) {
    return of(room) + ":said:" + digest(messageId);
  }

  /** A short text that stands for a text of any length. */
  private static String digest(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    } catch (GeneralSecurityException e) {
      throw new LinkageError("every JDK has SHA-256", e);
    }
  }

  /** The channel of a room's messages. */
  String channel(String room) {
    return channelPrefix + braced(room);
  }

  /** What the signature of a message names beside the message: its room, in any database. */
  String signed(String room) {
    return of(room);
  }

  /** The same for a signal, so that no message can pass for one. */
  String signedSignal(String room) {
    return of(room) + ":signal";
  }

  /** The names with which messages are published. */
  RoomNames names(String room) {
    return new RoomNames(
        head(room),
        Written.of(head(room), log(room), members(room)),
        Written.of(channel(room)),
        signed(room),
        room,
        SharedFeed.part(room, FEED_PARTS));
  }

  private String of(String room) {
    return prefix + braced(room);
  }

  private static String braced(String room) {
    // Escapes what would end the braces early, and the escape character itself.
    return "{" + room.replace("%", "%25").replace("}", "%7D").replace("{", "%7B") + "}";
  }

  /** The room of a channel; null if the channel is not a room's. */
  @Nullable String room(String channel) {
    if (!channel.startsWith(channelPrefix + "{") || !channel.endsWith("}")) {
      return null;
    }
    String name = channel.substring(channelPrefix.length() + 1, channel.length() - 1);
    return name.indexOf('%') < 0
        ? name
        : URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** The streams of the feed, with a hash {@code :state} beside each. */
  FeedKeys feed(long bytes) {
    return new FeedKeys(
        IntStream.range(0, FEED_PARTS).mapToObj(part -> prefix + "{feed}:" + part).toList(), bytes);
  }

  /** A sorted set: the live owners, by the time when their leases expire. */
  String alive() {
    return prefix + "{peers}:alive";
  }

  /** A sorted set: the dead owners, by the time when they were declared dead. */
  String dead() {
    return prefix + "{peers}:dead";
  }

  /** A text: the random secret of the servers without a configured one. */
  String secret() {
    return prefix + "{peers}:secret";
  }

  /** A text: the identity of the cluster. */
  String identity() {
    return prefix + "{peers}:id";
  }

  /** A set: the rooms in which an owner may have members. */
  String rooms(String owner) {
    return prefix + "{peers}:rooms:" + owner;
  }

  /** A text: the peer that is removing the members of a dead owner. */
  String reaper(String owner) {
    return prefix + "{peers}:reaper:" + owner;
  }

  /** The channel of messages to one peer. */
  String inbox(String peer) {
    return channelPrefix + "{peers}:" + peer;
  }

  /** A text: the peer that an HTTP client is on. */
  String client(String id) {
    return prefix + "{web:" + id + "}";
  }
}
