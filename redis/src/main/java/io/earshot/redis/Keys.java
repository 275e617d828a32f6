package io.earshot.redis;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What things are called in Redis. All keys of a room have the room's name in braces, which is what
 * a Redis Cluster goes by, so that they are on one server and one script can change them all.
 *
 * <p>Immutable.
 *
 * @param prefix what all names begin with
 */
record Keys(String prefix) {

  /** A hash: the epoch {@code e}, the last offset {@code o}, and of each peer its last number. */
  String head(String room) {
    return of(room) + ":head";
  }

  /** A stream: the end of what the room told, each entry's id being its offset. */
  String log(String room) {
    return of(room) + ":log";
  }

  /** A hash: the members, and for each its owner and where it stands among them. */
  String members(String room) {
    return of(room) + ":members";
  }

  /** A text: where in the order something is that is not to be said again. */
  String repeat(String room, String what) {
    return of(room) + ":said:" + digest(what);
  }

  /** Short, whatever it is of. */
  private static String digest(String what) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(what.getBytes(StandardCharsets.UTF_8));
      return Base64.getUrlEncoder().withoutPadding().encodeToString(digest);
    } catch (GeneralSecurityException e) {
      throw new LinkageError("every JDK has SHA-256", e);
    }
  }

  /** The channel on which the room tells. */
  String channel(String room) {
    return of(room);
  }

  private String of(String room) {
    // Only what would end the braces early, or hide that it is escaped.
    return prefix + "{" + room.replace("%", "%25").replace("}", "%7D").replace("{", "%7B") + "}";
  }

  /** The room of a channel; null if it is none of a room. */
  @Nullable String room(String channel) {
    if (!channel.startsWith(prefix + "{") || !channel.endsWith("}")) {
      return null;
    }
    String name = channel.substring(prefix.length() + 1, channel.length() - 1);
    return name.indexOf('%') < 0
        ? name
        : URLDecoder.decode(name.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** A sorted set: who lives, and until when at least. */
  String alive() {
    return prefix + "{peers}:alive";
  }

  /** A sorted set: who was taken for dead, and when. */
  String dead() {
    return prefix + "{peers}:dead";
  }

  /** A set: the rooms in which somebody is who belongs to an owner. */
  String rooms(String owner) {
    return prefix + "{peers}:rooms:" + owner;
  }

  /** A text: who looks after what a dead owner has left. */
  String reaper(String owner) {
    return prefix + "{peers}:reaper:" + owner;
  }

  /** The channel on which a peer is spoken to. */
  String inbox(String peer) {
    return prefix + "{peers}:" + peer;
  }

  /** A text: the peer that an HTTP client is on. */
  String client(String id) {
    return prefix + "{web:" + id + "}";
  }
}
