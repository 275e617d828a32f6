package io.earshot.spring.login;

import io.earshot.Api;
import io.earshot.Connection;
import io.earshot.Hooks;
import io.earshot.protocol.User;
import java.util.Set;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.security.authentication.AuthenticationTrustResolverImpl;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.GrantedAuthority;

/**
 * Makes the principal of a session the user of a connection that comes with the session's cookie.
 * Each authority becomes an attribute with the value {@code true}. Earshot gives hooks the cookies
 * of pages of permitted origins only.
 *
 * <p>Thread-safe: immutable.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
final class SessionLogin implements Hooks.ConnectRequestHook {
  /** The attributes that say which user a connection has. */
  private static final Set<String> OF_LOGINS = Set.of("user", "identity");

  private final Sessions sessions;
  private final String cookie;
  private final UserOfPrincipal users;
  private final Api api;

  SessionLogin(Sessions sessions, String cookie, UserOfPrincipal users, Api api) {
    this.sessions = sessions;
    this.cookie = cookie;
    this.users = users;
    this.api = api;
  }

  @Override
  public void connect(Connection connection, Hooks.Connecting connecting) {
    String session = connecting.cookies().get(cookie);
    if (session == null || connection.user() != null) {
      return; // a token says who it is
    }
    Authentication principal = sessions.principal(session);
    if (principal == null || !new AuthenticationTrustResolverImpl().isAuthenticated(principal)) {
      return;
    }
    User user = users.user(principal);
    if (user == null
        || !sessions.add(session, connection.id(), id -> api.connection(id).isPresent())) {
      return;
    }
    connecting.user(user);
    for (GrantedAuthority each : principal.getAuthorities()) {
      String name = each.getAuthority();
      if (name != null && !OF_LOGINS.contains(name)) {
        connection.set(name, "true");
      }
    }
  }
}
