package io.earshot.redis.connection;

import io.earshot.spi.BrokerException;
import io.lettuce.core.RedisCommandExecutionException;
import java.lang.System.Logger.Level;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Turns failures of Redis into errors for clients, and logs the failures that need an operator.
 *
 * <p>Thread-safe: its only state is the log, which is thread-safe.
 */
public final class Failures {
  private static final System.Logger LOG = System.getLogger(Failures.class.getName());

  private final RateLimitedLog log;

  /**
   * Makes a translator of failures.
   *
   * @param log limits how often the same refusal of Redis is logged
   */
  public Failures(RateLimitedLog log) {
    this.log = log;
  }

  /** The same stage, which fails with a {@link BrokerException} whatever it failed with before. */
  public <T> CompletionStage<T> translated(CompletionStage<T> stage) {
    return stage.exceptionally(
        failure -> {
          throw translated(failure);
        });
  }

  /** The error for the client whose request failed. */
  public BrokerException translated(Throwable failure) {
    Throwable cause = BrokerException.cause(failure);
    if (cause instanceof BrokerException translated) {
      return translated;
    }
    if (!(cause instanceof RedisCommandExecutionException)) {
      // The connection broke. Redis may have run the command before.
      return new BrokerException(
          "the cluster did not answer, and it is not known whether this was done; what has a"
              + " messageId may safely be said again",
          true);
    }
    return refused(String.valueOf(cause.getMessage()));
  }

  /** The error for the client whose request Redis refuses with this error. */
  public BrokerException refused(String message) {
    String code = message.split(" ", 2)[0];
    if (log.isDue(code)) {
      LOG.log(Level.ERROR, "Redis refuses: {0}{1}", message, remedy(code));
    }
    return new BrokerException(forClients(code), false);
  }

  private static String forClients(String code) {
    return switch (code) {
      case "OOM" -> "the cluster's memory is full; try again later";
      default -> "the cluster cannot take this now; try again in a moment";
    };
  }

  /** The advice to an operator about an error of Redis; empty if there is none. */
  public static String remedy(String error) {
    return switch (error.split(" ", 2)[0]) {
      case "OOM" ->
          "; give Redis more memory (maxmemory), or keep less history"
              + " (rooms.historyMessages, rooms.historyBytes)";
      case "READONLY" ->
          "; this Redis is a replica: set redis.url to its primary, or to its sentinels";
      case "NOAUTH" ->
          "; Redis needs a password: write redis.url as redis://:PASSWORD@HOST:PORT, and if its"
              + " sentinels need one, set redis.sentinelPassword";
      case "WRONGPASS" ->
          "; the name or the password in redis.url is wrong, or for sentinels redis.sentinelUser or"
              + " redis.sentinelPassword";
      case "NOPERM" ->
          "; the Redis user needs the commands of scripts, streams, strings (SET, GET), hashes, sets,"
              + " sorted sets and pub/sub for keys and channels that begin with redis.prefix";
      case "MISCONF" -> "; Redis cannot write to its disk";
      case "(certificate_required)" ->
          "; Redis wants a certificate of its clients: set redis.certFile and redis.keyFile";
      case "unable" -> // to find valid certification path to requested target
          "; the certificate of Redis is not signed by a trusted authority: set redis.caFile";
      case "CLUSTERDOWN" -> "; some of the Redis Cluster's slots have no server";
      default -> "";
    };
  }

  /** Whether Redis has answered with an error. */
  public static boolean isRefusal(Throwable failure) {
    Throwable cause =
        failure instanceof ExecutionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return BrokerException.cause(cause) instanceof RedisCommandExecutionException;
  }

  /** The message of the innermost cause, on one line; why a connection could not be made. */
  public static String reason(@Nullable Throwable failure) {
    Throwable cause = failure;
    while (cause != null && cause.getCause() != null && cause.getCause() != cause) {
      cause = cause.getCause();
    }
    String message = cause == null ? null : cause.getMessage();
    if ("RedisHandshakeHandler not registered".equals(message)) {
      return "Connection closed prematurely"; // the same fault, which Lettuce noticed later
    }
    return message == null ? String.valueOf(cause) : message.replaceAll("\\p{Cntrl}+", " ");
  }
}
