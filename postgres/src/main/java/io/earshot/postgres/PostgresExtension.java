package io.earshot.postgres;

import com.zaxxer.hikari.HikariPoolMXBean;
import io.earshot.Config;
import io.earshot.Feed;
import io.earshot.FeedEvent;
import io.earshot.PostgresSettings;
import io.earshot.protocol.Json;
import io.earshot.spi.Extension;
import io.earshot.spi.ExtensionContext;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Stores messages of rooms in PostgreSQL, and tells rooms what applications put into its outbox.
 */
public final class PostgresExtension implements Extension {
  /** For {@link java.util.ServiceLoader}. */
  public PostgresExtension() {}

  @Override
  public List<String> asked(Config config) {
    return config.postgres().url().isEmpty() ? List.of() : List.of("postgres.url");
  }

  @Override
  public AutoCloseable start(ExtensionContext context) {
    return Parts.start(context);
  }

  /**
   * The parts that use the database, as the settings ask for them, with their metrics and the admin
   * path {@code GET /admin/postgres}.
   *
   * <p>Immutable; its parts are thread-safe.
   */
  private static final class Parts implements AutoCloseable {
    private final PostgresSettings settings;
    private final Database database;
    private final Link link;
    private final MessageStore store;
    private final DatabaseArchive archive;
    private final Outbox outbox;
    private final Retention retention;
    private Feed.@Nullable Registration registration;

    private Parts(ExtensionContext context) {
      this.settings = context.api().configData().postgres();
      this.database = new Database(settings);
      this.link = new Link(database, context);
      this.store = new MessageStore(database, link, context);
      this.archive = new DatabaseArchive(database, link, settings.rooms());
      this.outbox = new Outbox(database, link, context, store);
      this.retention = new Retention(database, link, settings.keep());
    }

    static Parts start(ExtensionContext context) {
      var parts = new Parts(context);
      try {
        parts.begin(context);
      } catch (InterruptedException e) {
        parts.close();
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while the server starts", e);
      } catch (RuntimeException e) {
        parts.close();
        throw e;
      }
      return parts;
    }

    private void begin(ExtensionContext context) throws InterruptedException {
      addMetrics(context);
      context.adminRoute("GET", "postgres", ignored -> CompletableFuture.completedStage(state()));
      link.start();
      if (!settings.rooms().isEmpty()) {
        context.archive(archive);
        registration =
            context
                .api()
                .feed()
                .add(
                    new Feed.Consumer(
                        Link.NAME,
                        Set.of(FeedEvent.Type.MESSAGE),
                        settings.rooms(),
                        MessageStore.MOST),
                    events ->
                        store.handle(
                            events.stream()
                                .filter(each -> each.room() != null && archive.keeps(each.room()))
                                .toList()));
      }
      if (settings.outbox()) {
        context.source(outbox);
      }
      retention.start();
    }

    private void addMetrics(ExtensionContext context) {
      add(context, "stored", "Messages written to PostgreSQL.", store::stored);
      add(context, "stored.dead", "Messages that PostgreSQL refused.", store::dead);
      add(context, "stored.waiting", "Messages on their way to PostgreSQL.", store::waiting);
      add(context, "deleted", "Old messages deleted from PostgreSQL.", retention::deleted);
      add(context, "reads", "Requests for earlier messages that asked PostgreSQL.", archive::reads);
      add(context, "reads.failed", "Those that failed.", archive::failures);
      add(context, "outbox.told", "Messages of the outbox that were told.", outbox::told);
      add(context, "outbox.dead", "Messages of the outbox that cannot be told.", outbox::dead);
      add(context, "outbox.waiting", "Messages in the outbox, on its reader.", outbox::waiting);
    }

    private static void add(
        ExtensionContext context, String name, String meaning, LongSupplier value) {
      context.metric("earshot.postgres." + name, meaning, Map.of(), value);
    }

    /** The state, for the admin API. */
    private Json state() {
      var fields = new LinkedHashMap<String, Json>();
      String fault = link.fault();
      fields.put("connected", Json.of(fault == null));
      if (fault != null) {
        fields.put("problem", Json.of(fault));
      }
      fields.put("schema", Json.of(settings.schema()));
      fields.put("rooms", Json.from(settings.rooms()));
      fields.put("stored", Json.of(store.stored()));
      fields.put("storing", Json.of(store.waiting()));
      fields.put("refused", Json.of(store.dead()));
      fields.put("deleted", Json.of(retention.deleted()));
      fields.put("reads", Json.of(archive.reads()));
      fields.put("readsFailed", Json.of(archive.failures()));
      if (settings.outbox()) {
        var ours = new LinkedHashMap<String, Json>();
        ours.put("reading", Json.of(outbox.isReading()));
        ours.put("told", Json.of(outbox.told()));
        ours.put("dead", Json.of(outbox.dead()));
        ours.put("waiting", Json.of(outbox.waiting()));
        fields.put("outbox", new Json.Obj(ours));
      }
      HikariPoolMXBean pool = database.pool();
      if (pool != null) {
        fields.put("connections", Json.of(pool.getTotalConnections()));
        fields.put("connectionsInUse", Json.of(pool.getActiveConnections()));
      }
      return new Json.Obj(fields);
    }

    /** Ends the consumer, which does not wait for the events that it has not written. */
    @Override
    public void close() {
      if (registration != null) {
        registration.close();
      }
      retention.close();
      link.close();
      database.close();
    }
  }
}
