package io.earshot.redis;

import io.earshot.protocol.Json;
import io.earshot.redis.connection.Connections;
import io.earshot.redis.connection.Failures;
import io.earshot.redis.connection.MessageSigner;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Bus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Requests to other servers and their answers, over one channel per server. A request names the
 * server to answer and a number; the answer repeats the number.
 *
 * <p>Thread-safe: the table of open requests is concurrent.
 */
final class PeerChannel {
  /** A little more than an HTTP client may wait for a message. */
  private static final Duration LONGEST = Duration.ofSeconds(35);

  private final ClusterState state;
  private final Keys keys;
  private final MessageSigner signer;
  private final Failures failures;
  private final Bus bus;
  private final Duration timeout;
  private final AtomicLong numbers = new AtomicLong();
  private final Map<Long, CompletableFuture<Json>> open = new ConcurrentHashMap<>();

  PeerChannel(
      ClusterState state,
      Keys keys,
      MessageSigner signer,
      Failures failures,
      Bus bus,
      Duration timeout) {
    this.state = state;
    this.keys = keys;
    this.signer = signer;
    this.failures = failures;
    this.bus = bus;
    this.timeout = timeout;
  }

  // --- asking ----------------------------------------------------------------------------------

  /** Asks one server; see {@link io.earshot.spi.Broker#ask}. */
  CompletionStage<Json> ask(String peer, Json question) {
    return ask(peer, question, LONGEST)
        .thenApply(
            answer -> {
              if (answer instanceof Json.Null) {
                throw new BrokerException("another server did not understand this one", false);
              }
              return answer;
            })
        .exceptionally(
            failure -> {
              Throwable cause = BrokerException.cause(failure);
              throw switch (cause) {
                case BrokerException refused -> refused;
                case TimeoutException ignored ->
                    new BrokerException("another server of the cluster does not answer", true);
                default -> new BrokerException(String.valueOf(cause.getMessage()), false);
              };
            });
  }

  private CompletableFuture<Json> ask(String peer, Json question, Duration patience) {
    var answer = new CompletableFuture<Json>();
    long number = numbers.incrementAndGet();
    open.put(number, answer);
    var fields = new LinkedHashMap<String, Object>();
    fields.put("from", state.peer());
    fields.put("number", number);
    fields.put("question", question);
    var unused =
        send(peer, Json.from(fields))
            .whenComplete(
                (subscribers, failure) -> {
                  if (failure != null) {
                    answer.completeExceptionally(failure);
                  } else if (Long.valueOf(0).equals(subscribers) && countsSubscribers()) {
                    answer.completeExceptionally(new PeerGoneException());
                  }
                });
    return answer
        .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
        .whenComplete((ignored, failure) -> open.remove(number));
  }

  /** The server that was asked is not subscribed to its channel. */
  private static final class PeerGoneException extends RuntimeException {
    private static final long serialVersionUID = 1;

    PeerGoneException() {
      super("another server of the cluster is gone; try again in a moment", null, false, false);
    }
  }

  /** Asks all other servers; see {@link io.earshot.spi.Broker#askAll}. */
  CompletionStage<@Nullable Json> askAll(Json question) {
    List<String> others = new ArrayList<>(state.peers());
    others.remove(state.peer());
    var first = new CompletableFuture<@Nullable Json>();
    var missing = new AtomicInteger(others.size());
    var failed = new AtomicInteger();
    if (state.leaseUntil() == 0) {
      first.completeExceptionally(noAnswer()); // this server does not know the others yet
    } else if (others.isEmpty()) {
      first.complete(null);
    }
    for (String other : others) {
      var unused =
          ask(other, question, timeout)
              .whenComplete(
                  (answer, failure) -> {
                    if (failure == null && !(answer instanceof Json.Null)) {
                      first.complete(answer);
                    } else if (failure != null && !isGone(other, failure)) {
                      failed.incrementAndGet();
                    }
                    if (missing.decrementAndGet() == 0) {
                      if (failed.get() == 0) {
                        first.complete(null);
                      } else {
                        first.completeExceptionally(noAnswer());
                      }
                    }
                  });
    }
    return first;
  }

  /** Our clients repeat a request that is refused in these words. */
  private static BrokerException noAnswer() {
    return new BrokerException(
        "another server of the cluster does not answer; try again in 1000 ms", false);
  }

  /**
   * Whether a server that has not answered is gone. One whose lease goes on is not, though it is
   * not subscribed: it has lost its connections, and may have what was asked for.
   */
  private boolean isGone(String peer, Throwable failure) {
    return BrokerException.cause(failure) instanceof PeerGoneException
        && !state.peers().contains(peer);
  }

  /** Publishes on the channel of another server; the answer is the number of subscribers. */
  private CompletionStage<?> send(String peer, Json fields) {
    Connections redis = state.connections();
    if (redis == null) {
      return state.unavailable();
    }
    String channel = keys.inbox(peer);
    return failures.translated(redis.publish(channel, signer.sign(channel, fields.encode())));
  }

  private boolean countsSubscribers() {
    Connections redis = state.connections();
    return redis != null && redis.countsSubscribers();
  }

  // --- answering -------------------------------------------------------------------------------

  /** Handles a request or an answer; ignores a message that is neither. */
  void received(Json.Obj fields) {
    if (!(fields.get("number") instanceof Json.Num(String number)) || number.length() > 18) {
      return;
    }
    Json question = fields.get("question");
    Json answer = fields.get("answer");
    if (question != null && fields.get("from") instanceof Json.Text(String from)) {
      var unused =
          bus.asked(question)
              .exceptionally(ignored -> null)
              .thenAccept(said -> sendAnswer(from, number, said));
    } else if (answer != null && number.matches("\\d+")) {
      CompletableFuture<Json> waiting = open.get(Long.parseLong(number));
      if (waiting != null) {
        waiting.complete(answer);
      }
    }
  }

  private void sendAnswer(String peer, String number, @Nullable Json answer) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("number", new Json.Num(number));
    fields.put("answer", answer == null ? new Json.Null() : answer);
    var unused = send(peer, Json.from(fields));
  }
}
