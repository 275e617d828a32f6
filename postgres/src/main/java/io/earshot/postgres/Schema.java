package io.earshot.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The tables and functions of Earshot in the database. Each version of the schema has a script,
 * which leads from the version before to it.
 *
 * <p>Immutable.
 */
final class Schema {
  /** The version that this server uses. */
  static final int VERSION = 1;

  /** The oldest PostgreSQL that the scripts run on. */
  private static final int LEAST_SERVER = 130_000;

  /**
   * The catalogs are queried as tables: functions such as {@code to_regclass} may not see what
   * another session has just created.
   */
  private static final String TABLE =
      "SELECT n.nspname, c.relname FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c"
          + " ON c.relnamespace = n.oid AND c.relname = 'version' WHERE n.nspname = ?";

  private final Database database;

  Schema(Database database) {
    this.database = database;
  }

  /**
   * Creates what is missing. Several servers may do so at once: an advisory lock lets them do it
   * one after the other. Needs no right to create where nothing is missing.
   *
   * @throws SQLException also if the schema is of a later version, or the database is not usable
   */
  void prepare(Connection connection) throws SQLException {
    checkServer(connection);
    if (version(connection) == VERSION) {
      return;
    }
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      try (PreparedStatement lock =
          connection.prepareStatement("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))")) {
        lock.setString(1, lockName("schema"));
        lock.execute();
      }
      if (!exists(connection)) {
        statement.execute("CREATE SCHEMA \"" + database.schema() + '"');
      }
      for (int from = version(connection); from < VERSION; from++) {
        statement.execute(database.sql(script(from + 1)));
      }
      connection.commit();
    } catch (SQLException e) {
      connection.rollback();
      throw e;
    } finally {
      connection.setAutoCommit(true);
    }
  }

  /** The name of an advisory lock of this schema, to be hashed. */
  String lockName(String what) {
    return "earshot:" + database.schema() + ":" + what;
  }

  private static void checkServer(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT current_setting('server_version_num')::int,"
                    + " current_setting('server_encoding'), pg_is_in_recovery()")) {
      row.next();
      if (row.getInt(1) < LEAST_SERVER) {
        throw new SQLException("the database is older than PostgreSQL 13");
      }
      if (!row.getString(2).equals("UTF8")) {
        throw new SQLException(
            "the encoding of the database is " + row.getString(2) + ", and must be UTF8");
      }
      if (row.getBoolean(3)) {
        throw new SQLException("the database is a standby", "25006");
      }
    }
  }

  private boolean exists(Connection connection) throws SQLException {
    return column(connection, 1) != null;
  }

  /** The version of the schema; 0 if it has no tables. */
  private int version(Connection connection) throws SQLException {
    if (column(connection, 2) == null) {
      return 0;
    }
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(database.sql("SELECT max(version) FROM earshot.version"))) {
      row.next();
      int version = row.getInt(1);
      if (version > VERSION) {
        throw new SQLException(
            "the schema "
                + database.schema()
                + " is of version "
                + version
                + ", which a later Earshot has made; this one knows version "
                + VERSION,
            (String) null);
      }
      return version;
    }
  }

  private @Nullable String column(Connection connection, int column) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(TABLE)) {
      statement.setString(1, database.schema());
      try (ResultSet row = statement.executeQuery()) {
        return row.next() ? row.getString(column) : null;
      }
    }
  }

  private static String script(int version) {
    String name = "schema-" + version + ".sql";
    try (InputStream script = Objects.requireNonNull(Schema.class.getResourceAsStream(name))) {
      return new String(script.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
