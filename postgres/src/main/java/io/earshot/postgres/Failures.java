package io.earshot.postgres;

import io.earshot.config.Secret;
import java.sql.SQLException;

/** What failures of the database mean, for operators. */
final class Failures {
  private Failures() {}

  /** The failure in a sentence that says what to do. */
  static String explain(Throwable failure) {
    if (!(failure instanceof SQLException e)) {
      return first(failure);
    }
    String state = String.valueOf(e.getSQLState());
    String remedy =
        switch (state) {
          case "28P01", "28000" -> "check postgres.user and postgres.password, and pg_hba.conf";
          case "3D000" -> "create the database, or correct postgres.url";
          case "42501" -> "grant the rights that docs/postgres.md lists";
          case "25006" -> "the database is read-only; postgres.url must lead to the primary";
          case "57014" -> "the statement took longer than postgres.timeout";
          case "55P03" -> "another session has held a lock for longer than postgres.timeout";
          case "53300" -> "raise max_connections, or lower postgres.connections";
          case "53100" -> "free space on the disk of the database";
          case "42P01", "42703", "42883" ->
              "somebody has changed Earshot's schema; restore it, or set another postgres.schema";
          case "null" -> ""; // a sentence of ours
          default ->
              state.startsWith("08") ? "the database cannot be reached" : "SQLSTATE " + state;
        };
    return remedy.isEmpty() ? first(e) : first(e) + " (" + remedy + ")";
  }

  private static String first(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    // the driver quotes an address that it cannot parse
    return Secret.PARAMETER.masked(message.lines().findFirst().orElse(message).strip());
  }

  /** Whether a row itself is wrong, so that it would fail again. */
  static boolean isOfData(SQLException failure) {
    String state = String.valueOf(failure.getSQLState());
    return state.startsWith("22") || state.startsWith("23") || state.startsWith("54");
  }
}
