package io.earshot.connection;

import io.earshot.spi.Login;
import org.jspecify.annotations.Nullable;

/**
 * Who a connection is, by its login or by its tokens for rooms. Immutable.
 *
 * @param name the id of the user, or the identity that the tokens name
 * @param until when it ends, in milliseconds since 1970
 * @param look identifies the timer that ends it
 * @param login the login; null for an identity by a token for rooms
 */
public record TokenIdentity(String name, long until, Object look, @Nullable Login login) {
  public TokenIdentity(String name, long until) {
    this(name, until, new Object(), null);
  }

  public TokenIdentity(Login login) {
    this(login.user().id(), login.until(), new Object(), login);
  }
}
