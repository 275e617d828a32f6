package io.earshot.redis.link;

import io.earshot.spi.BrokerException;
import io.lettuce.core.RedisCommandExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The answer of a node of a Redis Cluster that did not run a command, because another node has the
 * slot, or because the slot is under way to another node.
 *
 * <p>Immutable.
 *
 * @param kind what to do
 * @param host the host of the other node; empty if it is that of the node that answered
 * @param port the port of the other node; 0 if the answer names none
 */
public record Redirection(Kind kind, String host, int port) {
  /** What to do with the command. */
  public enum Kind {
    /** The other node has the slot from now on. */
    MOVED,
    /** The other node has the keys of this command already. */
    ASK,
    /** Each of the two nodes has some of the keys; a little later one of them has all. */
    TRY_AGAIN
  }

  /** The redirection that a failure is; null if it is another failure. */
  public static @Nullable Redirection of(Throwable failure) {
    if (!(BrokerException.cause(failure) instanceof RedisCommandExecutionException refused)) {
      return null;
    }
    String[] words = String.valueOf(refused.getMessage()).split(" ", -1);
    return switch (words[0]) {
      case "MOVED" -> to(Kind.MOVED, words);
      case "ASK" -> to(Kind.ASK, words);
      case "TRYAGAIN" -> new Redirection(Kind.TRY_AGAIN, "", 0);
      default -> null;
    };
  }

  private static @Nullable Redirection to(Kind kind, String[] words) {
    int colon = words.length < 3 ? -1 : words[2].lastIndexOf(':');
    if (colon < 0 || !words[2].substring(colon + 1).matches("\\d{1,5}")) {
      return null;
    }
    return new Redirection(
        kind, words[2].substring(0, colon), Integer.parseInt(words[2].substring(colon + 1)));
  }
}
