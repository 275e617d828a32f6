package io.earshot.engine;

import io.earshot.Api;
import io.earshot.Config;
import io.earshot.action.LogLimit;
import io.earshot.archive.ArchiveReader;
import io.earshot.protocol.Json;
import io.earshot.spi.Archive;
import io.earshot.spi.Extension;
import io.earshot.spi.ExtensionContext;
import io.earshot.spi.Source;
import io.earshot.stats.Incidents;
import io.earshot.stats.Incidents.Incident;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * The extensions of a server, and what they have added to it.
 *
 * <p>Thread-safe: concurrent collections. One thread starts and closes the extensions.
 */
public final class Extensions implements ExtensionContext, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Extensions.class.getName());

  /** The parts that settings can ask for, with the module that has them. */
  private static final Map<String, String> MODULES =
      Map.of(
          "hooks.http", "earshot-backend",
          "webhooks.rules", "earshot-backend",
          "postgres.url", "earshot-postgres");

  /** The most names of problems whose last log entry is remembered. */
  private static final int MOST_NAMES = 1_000;

  private final Api api;
  private final Incidents incidents;
  private final LongSupplier elapsed;
  private final ArchiveReader archive;
  private final Function<String, CompletionStage<String>> identity;

  /** The identity that was seen last; random before that. */
  private volatile String deployment;

  private final List<Metric> metrics = new CopyOnWriteArrayList<>();
  private final List<Route> routes = new CopyOnWriteArrayList<>();
  private final Map<String, LogLimit> logged = new ConcurrentHashMap<>();
  private final List<AutoCloseable> started = new ArrayList<>();

  /** They use what the extensions have started, and are closed before them. */
  private final List<SourceRunner> sources = new ArrayList<>();

  /**
   * A value for the metrics; see {@link ExtensionContext#metric}.
   *
   * @param name the name
   * @param meaning a sentence
   * @param tags names and values
   * @param value reads it
   */
  public record Metric(String name, String meaning, Map<String, String> tags, LongSupplier value) {}

  /**
   * A path of the admin API; see {@link ExtensionContext#adminRoute}.
   *
   * @param method the method
   * @param shape the path, with {@code *} for a name
   * @param reply answers a call
   */
  public record Route(
      String method, String shape, Function<AdminRequest, CompletionStage<Json>> reply) {}

  /**
   * No extensions yet.
   *
   * @param archive where archives are added
   * @param proposed a random identity
   * @param identity the identity of the cluster, which is the given one if it has none yet
   */
  Extensions(
      Api api,
      Incidents incidents,
      LongSupplier elapsed,
      ArchiveReader archive,
      String proposed,
      Function<String, CompletionStage<String>> identity) {
    this.api = api.forPlugIn();
    this.incidents = incidents;
    this.elapsed = elapsed;
    this.archive = archive;
    this.deployment = proposed;
    this.identity = identity;
  }

  /**
   * Starts the extensions that settings ask for. Called once, before any port opens; {@link #close}
   * must follow, also after a failure.
   *
   * @throws IllegalArgumentException if a setting is wrong, or asks for an extension that is not on
   *     the class path; the message names the setting
   */
  public void start() {
    Config config = api.configData();
    var served = new ArrayList<String>();
    for (Extension extension : ServiceLoader.load(Extension.class)) {
      List<String> asked = extension.asked(config);
      if (!asked.isEmpty()) {
        served.addAll(asked);
        started.add(extension.start(this));
      }
    }
    check("hooks.http", !config.hooks().http().isEmpty(), served);
    check("webhooks.rules", !config.webhooks().rules().isEmpty(), served);
    check("postgres.url", !config.postgres().url().isEmpty(), served);
  }

  private static void check(String setting, boolean isSet, List<String> served) {
    if (isSet && !served.contains(setting)) {
      throw new IllegalArgumentException(
          setting
              + " is set, and nothing here can use it: add "
              + MODULES.get(setting)
              + " to the class path");
    }
  }

  @Override
  public Api api() {
    return api;
  }

  @Override
  public void archive(Archive added) {
    archive.use(added);
  }

  @Override
  public void source(Source source) {
    var runner = new SourceRunner(source, this);
    sources.add(runner);
    runner.start();
  }

  @Override
  public CompletionStage<String> deployment() {
    return identity
        .apply(deployment)
        .thenApply(
            known -> {
              deployment = known;
              return known;
            });
  }

  @Override
  public void metric(String name, String meaning, Map<String, String> tags, LongSupplier value) {
    metrics.add(new Metric(name, meaning, Map.copyOf(tags), value));
  }

  @Override
  public void adminRoute(
      String method, String shape, Function<AdminRequest, CompletionStage<Json>> reply) {
    routes.add(new Route(method, shape, reply));
  }

  @Override
  public void problem(String name, String what) {
    incidents.note(Incident.BACK_END, name, what);
    if (logged.size() < MOST_NAMES || logged.containsKey(name)) {
      if (logged.computeIfAbsent(name, ignored -> new LogLimit()).mayLog(elapsed.getAsLong())) {
        LOG.log(Level.WARNING, "{0}: {1}", name, what);
      }
    }
  }

  /**
   * The values for the metrics.
   *
   * @return a snapshot
   */
  public List<Metric> metrics() {
    return List.copyOf(metrics);
  }

  /**
   * The paths of the admin API.
   *
   * @return a snapshot
   */
  public List<Route> routes() {
    return List.copyOf(routes);
  }

  /** Stops the extensions, the last one first. Idempotent. */
  @Override
  public void close() {
    api.hooks().removeAll();
    sources.forEach(SourceRunner::close);
    sources.clear();
    for (AutoCloseable each : started.reversed()) {
      try {
        each.close();
      } catch (Exception e) {
        LOG.log(Level.ERROR, "an extension failed to stop", e);
      }
    }
    api.feed().removeAll();
    started.clear();
  }
}
