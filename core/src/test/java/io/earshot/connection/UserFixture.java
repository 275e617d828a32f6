package io.earshot.connection;

import io.earshot.Connection;
import io.earshot.protocol.User;
import io.earshot.spi.Login;
import org.jspecify.annotations.Nullable;

/** Logs connections in, as a client does by a token. Called on the connection's loop. */
public final class UserFixture {
  private UserFixture() {}

  /** Makes a connection a user's, or nobody's. */
  public static void identify(Connection connection, @Nullable User user) {
    ((Participant) connection).identify(user == null ? null : new TokenIdentity(Login.of(user)));
  }
}
