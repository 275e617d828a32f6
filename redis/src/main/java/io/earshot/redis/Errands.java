package io.earshot.redis;

import io.earshot.protocol.Json;
import io.earshot.spi.BrokerException;
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
 * Questions to other servers, and their answers. A question is a message on the other's channel
 * that says whom to answer, and under which number.
 *
 * <p>Thread-safe: the table of open questions is concurrent.
 */
final class Errands {
  /** An HTTP client may wait so long for a message, and then some. */
  private static final Duration LONGEST = Duration.ofSeconds(35);

  private final RedisBroker broker;
  private final Duration timeout;
  private final AtomicLong numbers = new AtomicLong();
  private final Map<Long, CompletableFuture<Json>> open = new ConcurrentHashMap<>();

  Errands(RedisBroker broker, Duration timeout) {
    this.broker = broker;
    this.timeout = timeout;
  }

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
              Throwable cause = Failures.cause(failure);
              throw cause instanceof BrokerException explained
                  ? explained
                  : new BrokerException(String.valueOf(cause.getMessage()), false);
            });
  }

  private CompletableFuture<Json> ask(String peer, Json question, Duration patience) {
    var answer = new CompletableFuture<Json>();
    long number = numbers.incrementAndGet();
    open.put(number, answer);
    var words = new LinkedHashMap<String, Object>();
    words.put("from", broker.alive().peer());
    words.put("number", number);
    words.put("question", question);
    var _ =
        broker
            .say(peer, Json.from(words))
            .whenComplete(
                (heard, failure) -> {
                  if (failure != null) {
                    answer.completeExceptionally(failure);
                  } else if (Long.valueOf(0).equals(heard) && broker.countsListeners()) {
                    answer.completeExceptionally(new NobodyException());
                  }
                });
    var _ =
        answer
            .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
            .whenComplete((_, _) -> open.remove(number));
    return answer.exceptionally(
        failure -> {
          Throwable cause = Failures.cause(failure);
          throw switch (cause) {
            case BrokerException refused -> refused;
            case NobodyException nobody -> nobody;
            case TimeoutException _ ->
                new BrokerException("another server of the cluster does not answer", true);
            default -> Failures.explained(cause, broker.occasional());
          };
        });
  }

  /** The server that was asked is not there. */
  private static final class NobodyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NobodyException() {
      super("another server of the cluster is gone; try again in a moment", null, false, false);
    }
  }

  CompletionStage<@Nullable Json> askAll(Json question) {
    List<String> others = new ArrayList<>(broker.alive().peers());
    others.remove(broker.alive().peer());
    var first = new CompletableFuture<@Nullable Json>();
    var missing = new AtomicInteger(others.size());
    var silent = new AtomicInteger();
    if (others.isEmpty()) {
      first.complete(null);
    }
    for (String other : others) {
      var _ =
          ask(other, question, timeout)
              .whenComplete(
                  (answer, failure) -> {
                    if (failure == null && !(answer instanceof Json.Null)) {
                      first.complete(answer);
                    } else if (failure != null
                        && !(Failures.cause(failure) instanceof NobodyException)) {
                      silent.incrementAndGet();
                    }
                    if (missing.decrementAndGet() == 0) {
                      if (silent.get() == 0) {
                        first.complete(null);
                      } else {
                        first.completeExceptionally(
                            new BrokerException(
                                "another server of the cluster does not answer; try again in a"
                                    + " moment",
                                false));
                      }
                    }
                  });
    }
    return first;
  }

  /** Takes in what another server says; what makes no sense is dropped. */
  void heard(Json.Obj words) {
    if (!(words.get("number") instanceof Json.Num(String literal)) || literal.length() > 18) {
      return;
    }
    Json question = words.get("question");
    Json answer = words.get("answer");
    if (question != null && words.get("from") instanceof Json.Text(String from)) {
      var _ =
          broker
              .alive()
              .bus()
              .asked(question)
              .exceptionally(_ -> null)
              .thenAccept(said -> answer(from, literal, said));
    } else if (answer != null && literal.matches("\\d+")) {
      CompletableFuture<Json> waiting = open.get(Long.parseLong(literal));
      if (waiting != null) {
        waiting.complete(answer);
      }
    }
  }

  private void answer(String peer, String number, @Nullable Json said) {
    var words = new LinkedHashMap<String, Object>();
    words.put("number", new Json.Num(number));
    words.put("answer", said == null ? new Json.Null() : said);
    var _ = broker.say(peer, Json.from(words));
  }
}
