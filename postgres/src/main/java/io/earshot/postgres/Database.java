package io.earshot.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.HikariPoolMXBean;
import io.earshot.PostgresSettings;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/**
 * The database: connections with its time limits, and statements with the name of its schema.
 *
 * <p>Thread-safe: the pool is.
 */
final class Database implements AutoCloseable {
  private static final String DRIVER = "org.postgresql.Driver";

  /** The shortest timeouts that the pool accepts, in milliseconds. */
  private static final long LEAST_TIMEOUT = 250;

  /** How much longer than the server's own time limit the client waits for an answer. */
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final PostgresSettings settings;
  private final HikariDataSource pool;

  Database(PostgresSettings settings) {
    if (settings.timeout().toMillis() < LEAST_TIMEOUT) {
      throw new IllegalArgumentException("postgres.timeout must be at least 250ms");
    }
    this.settings = settings;
    var config = new HikariConfig();
    config.setPoolName("postgres");
    config.setDriverClassName(DRIVER);
    config.setJdbcUrl(settings.url());
    config.setDataSourceProperties(properties());
    config.setMaximumPoolSize(poolSize());
    config.setMinimumIdle(1);
    config.setIdleTimeout(60_000);
    config.setConnectionTimeout(settings.timeout().toMillis());
    config.setValidationTimeout(Math.min(settings.timeout().toMillis(), 5_000));
    config.setInitializationFailTimeout(-1);
    config.setConnectionInitSql(limits());
    try {
      this.pool = new HikariDataSource(config);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          "postgres.url is not an address that the driver of PostgreSQL accepts, such as"
              + " jdbc:postgresql://localhost/app",
          e);
    }
  }

  /** How many connections there are beside the one of {@link #connectAlone}. */
  int poolSize() {
    return settings.connections() - 1;
  }

  Duration timeout() {
    return settings.timeout();
  }

  String schema() {
    return settings.schema();
  }

  private Properties properties() {
    var properties = new Properties();
    if (!settings.user().isEmpty()) {
      properties.setProperty("user", settings.user());
    }
    if (!settings.password().isEmpty()) {
      properties.setProperty("password", settings.password());
    }
    long seconds = Math.max(1, settings.timeout().toSeconds());
    properties.setProperty("ApplicationName", "earshot");
    properties.setProperty("connectTimeout", Long.toString(seconds));
    properties.setProperty("loginTimeout", Long.toString(seconds));
    properties.setProperty("socketTimeout", Long.toString(seconds + GRACE.toSeconds()));
    properties.setProperty("tcpKeepAlive", "true");
    return properties;
  }

  private String limits() {
    String millis = Long.toString(settings.timeout().toMillis());
    return "SELECT set_config('statement_timeout', '"
        + millis
        + "', false), set_config('lock_timeout', '"
        + millis
        + "', false), set_config('idle_in_transaction_session_timeout', '"
        + Math.max(60_000, 2 * settings.timeout().toMillis())
        + "', false)";
  }

  /** A connection of the pool; the wait for one is bounded by {@link #timeout}. */
  Connection connect() throws SQLException {
    return pool.getConnection();
  }

  /** A connection beside the pool, for a session of its own. */
  Connection connectAlone() throws SQLException {
    Connection connection = DriverManager.getConnection(settings.url(), properties());
    try (Statement statement = connection.createStatement()) {
      statement.execute(limits());
    } catch (SQLException e) {
      connection.close();
      throw e;
    }
    return connection;
  }

  /** A statement with the name of this schema in place of {@code earshot}. */
  String sql(String text) {
    return text.replace("earshot.", '"' + settings.schema() + "\".");
  }

  /** What the pool says of itself; null before it has begun. */
  @Nullable HikariPoolMXBean pool() {
    return pool.getHikariPoolMXBean();
  }

  @Override
  public void close() {
    pool.close();
  }
}
