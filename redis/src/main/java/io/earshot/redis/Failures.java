package io.earshot.redis;

import io.earshot.spi.BrokerException;
import io.lettuce.core.RedisCommandExecutionException;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** What Redis refuses, in words for a client, and, now and then, for who runs the server. */
final class Failures {
  private static final System.Logger LOG = System.getLogger(Failures.class.getName());

  private Failures() {}

  /** What to tell whoever asked for something that failed. */
  static BrokerException explained(Throwable failure, Occasional occasional) {
    Throwable cause = cause(failure);
    if (cause instanceof BrokerException explained) {
      return explained;
    }
    if (!(cause instanceof RedisCommandExecutionException)) {
      // The connection broke. Whether Redis did it before is known to nobody here.
      return new BrokerException(
          "the cluster did not answer, and it is not known whether this was done; what has a"
              + " messageId may safely be said again",
          true);
    }
    String said = String.valueOf(cause.getMessage());
    String word = said.split(" ", 2)[0];
    if (occasional.isTime(word)) {
      LOG.log(Level.ERROR, "Redis refuses: {0}{1}", said, remedy(word));
    }
    return new BrokerException(forClients(word), false);
  }

  private static String forClients(String word) {
    return switch (word) {
      case "OOM" -> "the cluster's memory is full; try again later";
      default -> "the cluster cannot take this now; try again in a moment";
    };
  }

  /** What to do about it. */
  static String remedy(String said) {
    return switch (said.split(" ", 2)[0]) {
      case "OOM" -> "; give it more memory (maxmemory), or let rooms remember less";
      case "READONLY" -> "; it is a replica: give the address of its primary, or its sentinels";
      case "NOAUTH" -> "; it needs a password: write redis.url as redis://:PASSWORD@HOST:PORT";
      case "WRONGPASS" -> "; the name or the password in redis.url is wrong";
      case "NOPERM" ->
          "; its user needs the commands of scripts, streams, hashes, sets and pub/sub for keys and"
              + " channels that begin with redis.prefix";
      case "MISCONF" -> "; it cannot write to its disk";
      case "CLUSTERDOWN" -> "; some of the cluster's slots have no server";
      default -> "";
    };
  }

  static Throwable cause(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** The innermost reason that a connection could not be made. */
  static String reason(@Nullable Throwable failure) {
    Throwable cause = failure;
    while (cause != null && cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    String message = cause == null ? null : cause.getMessage();
    return message == null ? String.valueOf(cause) : message.replaceAll("\\p{Cntrl}+", " ");
  }
}
