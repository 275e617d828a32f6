package io.earshot.backend.hook;

import io.earshot.backend.hook.Breaker.Turn;
import io.earshot.backend.hook.Questions.Question;
import io.earshot.backend.http.BackEndClient;
import io.earshot.backend.http.BackEndException;
import io.earshot.protocol.Json;
import io.earshot.spi.ExtensionContext;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/**
 * The back end of one rule: asks it, within the bounds of the rule.
 *
 * <p>Thread-safe: a semaphore, a breaker with a lock, and adders.
 */
final class BackEnd {
  private final Rule rule;
  private final BackEndClient client;
  private final ExtensionContext context;
  private final Breaker breaker = new Breaker(System::nanoTime);
  private final Semaphore permits;
  private final Map<Event, Map<Outcome, LongAdder>> counts = new EnumMap<>(Event.class);

  /** How a question ended. */
  private enum Outcome {
    /** The back end allowed the request, or answered the action. */
    ALLOWED,
    /** The back end refused it. */
    REFUSED,
    /** There was no answer, or none that is one. */
    FAILED,
    /** It was not asked: as many requests as the rule permits were under way. */
    BUSY,
    /** It was not asked: it had been away, and was given a pause. */
    PAUSED;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  BackEnd(Rule rule, BackEndClient client, ExtensionContext context) {
    this.rule = rule;
    this.client = client;
    this.context = context;
    this.permits = new Semaphore(rule.running());
    for (Event event : rule.events()) {
      var each = new EnumMap<Outcome, LongAdder>(Outcome.class);
      for (Outcome outcome : Outcome.values()) {
        each.put(outcome, new LongAdder());
      }
      counts.put(event, each);
    }
    addMetrics();
  }

  Rule rule() {
    return rule;
  }

  private void addMetrics() {
    counts.forEach(
        (event, outcomes) ->
            outcomes.forEach(
                (outcome, count) ->
                    context.metric(
                        "earshot.hooks.http",
                        "Questions to back ends, by rule, event and outcome",
                        Map.of(
                            "rule", rule.name(),
                            "event", event.toString(),
                            "outcome", outcome.toString()),
                        count::sum)));
    Map<String, String> tags = Map.of("rule", rule.name());
    context.metric(
        "earshot.hooks.http.waiting", "Questions to back ends under way", tags, this::underWay);
    context.metric(
        "earshot.hooks.http.paused",
        "1 while a back end that was away is not asked",
        tags,
        () -> breaker.state() == Breaker.State.CLOSED ? 0 : 1);
  }

  private long underWay() {
    return (long) rule.running() - permits.availablePermits();
  }

  /**
   * Asks the back end. Blocks, no longer than the rule permits.
   *
   * @return its verdict; {@link Verdict.Away} if it has none
   */
  Verdict ask(Event event, Question question) throws InterruptedException {
    if (!permits.tryAcquire()) {
      count(event, Outcome.BUSY);
      context.problem(
          rule.name(),
          "not asked, since "
              + rule.running()
              + " requests are under way (running); "
              + consequence());
      return new Verdict.Away();
    }
    try {
      Turn turn = breaker.turn();
      if (turn == Turn.NONE) {
        count(event, Outcome.PAUSED);
        return new Verdict.Away();
      }
      return asked(event, question, turn);
    } finally {
      permits.release();
    }
  }

  private Verdict asked(Event event, Question question, Turn turn) throws InterruptedException {
    boolean isOver = false;
    try {
      Verdict verdict = Verdict.of(event, answer(event, question));
      breaker.answered();
      isOver = true;
      count(event, verdict instanceof Verdict.Refused ? Outcome.REFUSED : Outcome.ALLOWED);
      return verdict;
    } catch (BackEndException e) {
      isOver = true;
      count(event, Outcome.FAILED);
      failed(e, turn);
      return new Verdict.Away();
    } finally {
      if (!isOver) {
        breaker.gaveUp(turn);
      }
    }
  }

  /**
   * Sends the request. It is sent once more if its connection ended before any part of an answer,
   * as one does that the back end has just closed: the same question may be asked twice. An action
   * may not, since it may do something. (The JDK's client itself repeats a connect that failed.)
   */
  private byte[] answer(Event event, Question question)
      throws BackEndException, InterruptedException {
    byte[] body = question.fields().encode();
    long end = System.nanoTime() + rule.timeout().toNanos();
    try {
      return client.post(rule.url(), question.id(), body, rule.timeout()).body();
    } catch (BackEndException e) {
      Duration left = Duration.ofNanos(end - System.nanoTime());
      if (!e.isUnanswered() || event == Event.ACTION || !left.isPositive()) {
        throw e;
      }
      return client.post(rule.url(), question.id(), body, left).body();
    }
  }

  private void failed(BackEndException failure, Turn turn) {
    // An answer that is wrong may be due to one client's message, which must not stop the others.
    if (!failure.isAway()) {
      breaker.answered();
      context.problem(rule.name(), failure.getMessage() + "; " + consequence());
      return;
    }
    long pause = breaker.failed(turn);
    context.problem(
        rule.name(),
        failure.getMessage()
            + "; "
            + consequence()
            + (pause == 0
                ? ""
                : ". It is not asked for " + TimeUnit.NANOSECONDS.toSeconds(pause) + " s"));
  }

  private String consequence() {
    return rule.allowsWhenAway()
        ? "the request was allowed (away=allow)"
        : "the request was refused (away=refuse)";
  }

  private void count(Event event, Outcome outcome) {
    Objects.requireNonNull(Objects.requireNonNull(counts.get(event)).get(outcome)).increment();
  }

  /** The rule, its counts and the state of its breaker, for the admin API. */
  Json report() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("rule", rule.name());
    fields.put("timeoutMillis", rule.timeout().toMillis());
    fields.put("running", rule.running());
    fields.put("away", rule.allowsWhenAway() ? "allow" : "refuse");
    fields.put("waiting", underWay());
    fields.put("state", breaker.state().name().toLowerCase(Locale.ROOT));
    fields.put("pauseMillis", breaker.waitMillis());
    Map<String, Object> events = new LinkedHashMap<>();
    counts.forEach(
        (event, outcomes) -> {
          Map<String, Object> sums = new LinkedHashMap<>();
          outcomes.forEach((outcome, count) -> sums.put(outcome.toString(), count.sum()));
          events.put(event.toString(), sums);
        });
    fields.put("questions", events);
    return Json.from(fields);
  }
}
