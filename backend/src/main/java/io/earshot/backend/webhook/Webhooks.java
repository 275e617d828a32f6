package io.earshot.backend.webhook;

import io.earshot.Config;
import io.earshot.Feed;
import io.earshot.backend.http.BackEndClient;
import io.earshot.backend.http.BackEndException;
import io.earshot.backend.webhook.WebhookRoutes.SentRule;
import io.earshot.spi.Extension;
import io.earshot.spi.ExtensionContext;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Webhooks: sends what happens to the back ends that {@code webhooks.rules} names.
 *
 * <p>Immutable.
 */
public final class Webhooks implements Extension {
  /** How long events of one part of the rooms gather after a request that was not full. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  /** For {@link java.util.ServiceLoader}. */
  public Webhooks() {}

  @Override
  public List<String> asked(Config config) {
    return config.webhooks().rules().isEmpty() ? List.of() : List.of(WebhookRule.SETTING);
  }

  @Override
  public AutoCloseable start(ExtensionContext context) {
    Config config = context.api().configData();
    List<WebhookRule> rules = WebhookRule.parse(config.webhooks().rules());
    InstantSource wall = InstantSource.system();
    var client = new BackEndClient(config.backEnds(), wall);
    var running = new Running(client);
    try {
      WebhookClock clock = WebhookClock.ofThisMachine(wall);
      Transport transport = transport(client, clock);
      for (WebhookRule rule : rules) {
        DeadLetters letters = letters(config, rule);
        running.open.add(letters);
        var webhook =
            new Webhook(
                rule,
                config.webhooks().retry(),
                transport,
                clock,
                () -> ThreadLocalRandom.current().nextDouble(),
                letters,
                context::problem);
        var resending = new Resending(webhook);
        running.open.add(resending);
        running.hooks.add(new SentRule(webhook, resending));
        measure(context, webhook);
      }
      new WebhookRoutes(List.copyOf(running.hooks)).addTo(context);
      for (SentRule sent : running.hooks) {
        Webhook webhook = sent.webhook();
        running.open.add(context.api().feed().add(webhook.rule().consumer(), paced(webhook)));
      }
    } catch (RuntimeException e) {
      running.close();
      throw e;
    }
    return running;
  }

  /**
   * Lets events come together: a request that is not full is followed by a short pause, so that a
   * busy server does not send each event alone. The first event after a quiet time is sent at once.
   */
  private static Feed.Handler paced(Webhook webhook) {
    int most = webhook.rule().consumer().most();
    return events -> {
      webhook.handle(events);
      if (events.size() < most) {
        LockSupport.parkNanos(PAUSE_NANOS); // an interruption ends it, and is left for the feed
      }
    };
  }

  /** What runs. Owned by the thread that starts and stops the server. */
  private record Running(BackEndClient client, List<SentRule> hooks, List<AutoCloseable> open)
      implements AutoCloseable {

    Running(BackEndClient client) {
      this(client, new ArrayList<>(), new ArrayList<>());
    }

    /** The consumers first, so that no request is made that then fails. */
    @Override
    public void close() {
      for (AutoCloseable each : open.reversed()) {
        try {
          each.close();
        } catch (Exception e) {
          throw new IllegalStateException("none of them throws", e);
        }
      }
      client.close();
    }
  }

  static Transport transport(BackEndClient client, WebhookClock clock) {
    return (url, id, body, timeout) -> {
      try {
        return new Answer(client.post(url, id, body, timeout).status(), "", 0);
      } catch (BackEndException e) {
        long retryAfter = Answer.retryAfter(e.retryAfter(), clock.wall());
        return new Answer(e.status(), String.valueOf(e.getMessage()), retryAfter);
      }
    };
  }

  private static DeadLetters letters(Config config, WebhookRule rule) {
    int most = config.webhooks().deadLetters();
    Path folder = folder(config);
    if (folder == null) {
      return new DeadLetters(most);
    }
    try {
      return DeadLetters.in(folder, "webhook." + rule.name() + ".dead", most);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "feed.folder: the dead letters of webhooks cannot be kept in " + folder + ": " + e, e);
    }
  }

  /** Where events wait; null for in memory. */
  private static @Nullable Path folder(Config config) {
    String folder = config.feed().folder();
    String history = config.rooms().historyFolder();
    try {
      if (!folder.isEmpty()) {
        return Path.of(folder);
      }
      return history.isEmpty() ? null : Path.of(history, "feed");
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("feed.folder: " + e.getMessage(), e);
    }
  }

  private static void measure(ExtensionContext context, Webhook webhook) {
    Map<String, String> rule = Map.of("rule", webhook.rule().name());
    WebhookState state = webhook.state();
    context.metric(
        "earshot.webhooks.sent",
        "Events that the back end of a rule has accepted.",
        rule,
        () -> state.snapshot().sent());
    context.metric(
        "earshot.webhooks.failures",
        "Requests that the back end of a rule has not accepted.",
        rule,
        () -> state.snapshot().failures());
    context.metric(
        "earshot.webhooks.dead",
        "Events that became dead letters.",
        rule,
        () -> state.snapshot().dead());
    context.metric(
        "earshot.webhooks.dead.waiting",
        "Dead letters that are kept.",
        rule,
        webhook.letters()::size);
  }
}
