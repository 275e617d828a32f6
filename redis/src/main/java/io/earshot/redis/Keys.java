package io.earshot.redis;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * The names of keys and channels in Redis. All keys of a room contain the room's name in braces. A
 * Redis Cluster chooses the server of a key by the text in braces, so one server has all keys of a
 * room, and one script can change them all.
 *
 * <p>Immutable.
 *
 * @param prefix the beginning of all names
 */
record Keys(String prefix) {

  /** A hash: the epoch {@code e}, the last offset {@code o}, and the last number of each peer. */
  String head(String room) {
    return of(room) + ":head";
  }

  /** A stream: the last messages of the room; the id of an entry is its offset. */
  String log(String room) {
    return of(room) + ":log";
  }

  /** A hash: the members, each with its owner and its place in the order of joining. */
  String members(String room) {
    return of(room) + ":members";
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
    return of(room);
  }

  private String of(String room) {
    // Escapes what would end the braces early, and the escape character itself.
    return prefix + "{" + room.replace("%", "%25").replace("}", "%7D").replace("{", "%7B") + "}";
  }

  /** The room of a channel; null if the channel is not a room's. */
  @Nullable String room(String channel) {
    if (!channel.startsWith(prefix + "{") || !channel.endsWith("}")) {
      return null;
    }
    String name = channel.substring(prefix.length() + 1, channel.length() - 1);
    return name.indexOf('%') < 0
        ? name
        : URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** A sorted set: the live owners, by the time when their leases expire. */
  String alive() {
    return prefix + "{peers}:alive";
  }

  /** A sorted set: the dead owners, by the time when they were declared dead. */
  String dead() {
    return prefix + "{peers}:dead";
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
    return prefix + "{peers}:" + peer;
  }

  /** A text: the peer that an HTTP client is on. */
  String client(String id) {
    return prefix + "{web:" + id + "}";
  }
}
