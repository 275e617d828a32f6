package io.earshot;

import io.earshot.config.ConfigTree;
import io.earshot.config.Secret;
import io.earshot.config.Setting;
import java.time.Duration;
import java.util.List;

/**
 * Settings of the database: stored messages, and the outbox of an application.
 *
 * <p>Immutable.
 */
@SuppressWarnings("doclint:missing") // @Setting says what @param would repeat
public record PostgresSettings(
    @Setting(
            value =
                "The PostgreSQL database, such as jdbc:postgresql://localhost/app. Empty: none.",
            defaultValue = "",
            secret = Secret.PARAMETER)
        String url,
    @Setting(value = "The user of the database.", defaultValue = "") String user,
    @Setting(value = "The password of the database.", defaultValue = "", secret = Secret.WHOLE)
        String password,
    @Setting(
            value = "The schema of Earshot's tables and functions. The server creates it.",
            defaultValue = "earshot")
        String schema,
    @Setting(
            value =
                "The patterns of the rooms whose messages are stored, such as orders.*. Empty: none are.",
            defaultValue = "")
        List<String> rooms,
    @Setting(value = "How long messages are stored. 0: for ever.", defaultValue = "0s")
        Duration keep,
    @Setting(
            value =
                "Whether the server tells rooms what applications have put into the outbox with earshot_say.",
            defaultValue = "true")
        boolean outbox,
    @Setting(
            value = "How many connections to the database the server may have.",
            defaultValue = "4",
            min = 2,
            max = 1000)
        int connections,
    @Setting(
            value = "How long the database may take to answer before it counts as unreachable.",
            defaultValue = "10s")
        Duration timeout) {

  /** Checks what the types cannot express. */
  public PostgresSettings {
    if (!url.isEmpty() && !url.startsWith("jdbc:postgresql:")) {
      throw new IllegalArgumentException(
          "postgres.url must be an address such as jdbc:postgresql://localhost/app");
    }
    if (!schema.matches("[a-z_][a-z0-9_]{0,62}")) {
      throw new IllegalArgumentException(
          "postgres.schema has lower case letters, digits and _, and does not begin with a digit");
    }
  }

  /** Does not show the password. */
  @Override
  public String toString() {
    return ConfigTree.masked(this);
  }
}
