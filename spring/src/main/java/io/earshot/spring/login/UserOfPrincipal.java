package io.earshot.spring.login;

import io.earshot.protocol.User;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;

/**
 * Which user a principal of Spring Security is. An application with a bean of this type decides it;
 * otherwise the name of the principal is the id and the name of the user.
 */
@FunctionalInterface
public interface UserOfPrincipal {
  /**
   * Returns the user.
   *
   * @param principal the authentication of the client's session
   * @return the user; null for an anonymous client
   */
  @Nullable User user(Authentication principal);
}
