package io.earshot.backend.webhook;

import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.backend.webhook.Answer.Verdict;
import io.earshot.backend.webhook.Batch.Event;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.DoubleSupplier;

/**
 * Sends the events of a rule. Each call of {@link #handle} is one part of the rooms: it sends the
 * events in their order, and returns when the back end has accepted each, or it is a dead letter.
 *
 * <p>Thread-safe: what changes is in the state and the dead letters, which are.
 */
final class Webhook implements Feed.Handler {
  /** How long a back end may fail until the operator is told, in milliseconds. */
  private static final long QUIET_FAILURE = 60_000;

  /** How often the operator is told during a long pause, in milliseconds. */
  private static final long REMINDER = 30_000;

  private final WebhookRule rule;
  private final Transport transport;
  private final WebhookClock clock;
  private final DoubleSupplier random;
  private final DeadLetters letters;
  private final WebhookState state = new WebhookState();
  private final BiConsumer<String, String> problem;
  private final long retry;

  /**
   * A webhook that has sent nothing.
   *
   * @param retry how long events are sent again until they are dead letters
   * @param random from 0 to 1
   * @param problem tells the operator; the name and a sentence
   */
  Webhook(
      WebhookRule rule,
      Duration retry,
      Transport transport,
      WebhookClock clock,
      DoubleSupplier random,
      DeadLetters letters,
      BiConsumer<String, String> problem) {
    this.rule = rule;
    this.retry = retry.toMillis();
    this.transport = transport;
    this.clock = clock;
    this.random = random;
    this.letters = letters;
    this.problem = problem;
  }

  WebhookRule rule() {
    return rule;
  }

  WebhookState state() {
    return state;
  }

  DeadLetters letters() {
    return letters;
  }

  @Override
  public void handle(List<FeedEvent> events) throws IOException, InterruptedException {
    new Delivery().run(Batch.cut(encoded(events), rule.batch()));
  }

  private List<Event> encoded(List<FeedEvent> events) {
    var encoded = new ArrayList<Event>(events.size());
    for (FeedEvent event : events) {
      try {
        encoded.add(Event.of(event));
      } catch (IllegalArgumentException e) {
        // Without this the feed would bring it again forever.
        state.died(1);
        tell("the event " + event.id() + " is dropped, since it cannot be JSON: " + e.getMessage());
      }
    }
    return encoded;
  }

  /** Sends a batch once. */
  Answer send(Batch batch) throws InterruptedException {
    long quiet = state.quiet(clock);
    if (quiet > 0) {
      clock.sleep(quiet);
    }
    Answer answer = transport.post(rule.url(), batch.id(), batch.body(), rule.timeout());
    if (answer.verdict() == Verdict.ACCEPTED) {
      state.accepted(batch.size(), clock);
    } else {
      state.failed(answer.what(), clock);
    }
    return answer;
  }

  private void die(Batch batch, String why) throws IOException {
    letters.add(batch.events(), why, clock.wall());
    state.died(batch.size());
    tell(
        (batch.size() == 1
                ? "the event " + batch.events().getFirst().id() + " became a dead letter: "
                : batch.size() + " events became dead letters: ")
            + why);
  }

  void tell(String what) {
    problem.accept("webhook " + rule.name(), rule.shownUrl() + ": " + what);
  }

  /**
   * Sends the batches of one call of {@link #handle}.
   *
   * <p>Owned by the thread of that call.
   */
  private final class Delivery {
    private static final long NEVER = -1;

    /** When a batch failed first, and none was accepted after it. */
    private long since = NEVER;

    void run(List<Batch> all) throws IOException, InterruptedException {
      Deque<Batch> batches = new ArrayDeque<>(all);
      while (!batches.isEmpty()) {
        Batch batch = batches.remove();
        if (!isDealtWith(batch)) {
          batches.addFirst(batch.secondHalf());
          batches.addFirst(batch.firstHalf());
        }
      }
    }

    /** Sends a batch until it is accepted or dead; returns false if it has to be split. */
    private boolean isDealtWith(Batch batch) throws IOException, InterruptedException {
      var tries = new Tries(state, random);
      while (true) {
        Answer answer = send(batch);
        if (answer.verdict() == Verdict.ACCEPTED) {
          since = NEVER;
          return true;
        }
        long now = clock.elapsed();
        since = since == NEVER ? now : since;
        switch (tries.failed(answer.verdict(), batch.size(), now)) {
          case AGAIN -> {
            if (isLate(batch, now - since)) {
              if (answer.verdict() == Verdict.REFUSED && batch.size() > 1) {
                return false; // perhaps it is one event alone that is refused
              }
              die(batch, "not accepted in the time of webhooks.retry: " + answer.what());
              return true;
            }
            pause(Math.min(tries.pause(answer.retryAfter()), since + retry - now), answer);
          }
          case SPLIT -> {
            return false;
          }
          case GIVE_UP -> {
            die(batch, answer.what());
            since = NEVER; // the fault was that of the event
            return true;
          }
        }
      }
    }

    /**
     * Whether it is too late for another try. That is so after the time of the setting; and, once
     * the back end has been away for this long, for events that are as old, so that those that
     * waited behind others do not wait as long again.
     */
    private boolean isLate(Batch batch, long failing) {
      return failing >= retry
          || (state.failingFor(clock) >= retry && clock.wall() - batch.at() >= retry);
    }

    private void pause(long millis, Answer answer) throws InterruptedException {
      long end = clock.elapsed() + millis;
      if (answer.retryAfter() > 0) {
        state.quiet(end);
      }
      for (long left = millis; left > 0; left = end - clock.elapsed()) {
        long failing = clock.elapsed() - since;
        if (failing >= QUIET_FAILURE) {
          tell("no event was accepted for " + failing / 60_000 + " min: " + answer.what());
        }
        clock.sleep(Math.min(left, REMINDER));
      }
    }
  }
}
