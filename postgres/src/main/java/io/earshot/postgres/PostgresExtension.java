package io.earshot.postgres;

import io.earshot.Config;
import io.earshot.spi.Extension;
import io.earshot.spi.ExtensionContext;
import java.util.List;

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
    return PostgresParts.start(context);
  }
}
