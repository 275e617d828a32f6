package io.earshot.spring.login;

import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;

/**
 * The sessions of the application's own servlet container, and the connections that have come with
 * their cookies.
 *
 * <p>Thread-safe: a concurrent map; the connections of a session are guarded by its entry's lock.
 */
final class Sessions
    implements HttpSessionListener, HttpSessionIdListener, HttpSessionAttributeListener {
  /** The attribute in which Spring Security keeps who has logged in. */
  private static final String CONTEXT = "SPRING_SECURITY_CONTEXT";

  private final Map<String, HttpSession> byId = new ConcurrentHashMap<>();
  private final Map<String, Set<String>> connections = new ConcurrentHashMap<>();
  private final Consumer<String> end;

  /**
   * No sessions yet.
   *
   * @param end ends a connection, given by its id, whose session has ended
   */
  Sessions(Consumer<String> end) {
    this.end = end;
  }

  @Override
  public void sessionCreated(HttpSessionEvent event) {
    byId.put(event.getSession().getId(), event.getSession());
  }

  @Override
  public void sessionDestroyed(HttpSessionEvent event) {
    String id = event.getSession().getId();
    byId.remove(id);
    endAll(id);
  }

  @Override
  public void sessionIdChanged(HttpSessionEvent event, String oldId) {
    byId.remove(oldId);
    byId.put(event.getSession().getId(), event.getSession());
    Set<String> moved = connections.remove(oldId);
    if (moved != null) {
      // One with the new id may be there already.
      connections.merge(event.getSession().getId(), moved, Sessions::both);
    }
  }

  private static Set<String> both(Set<String> one, Set<String> other) {
    one.addAll(other);
    return one;
  }

  /** A logout that keeps the session. */
  @Override
  public void attributeRemoved(HttpSessionBindingEvent event) {
    if (event.getName().equals(CONTEXT)) {
      endAll(event.getSession().getId());
    }
  }

  /** A login as somebody else in the same session. */
  @Override
  public void attributeReplaced(HttpSessionBindingEvent event) {
    String id = event.getSession().getId();
    if (event.getName().equals(CONTEXT)
        && !Objects.equals(name(authentication(event.getValue())), name(principal(id)))) {
      endAll(id);
    }
  }

  private void endAll(String session) {
    Set<String> gone = connections.remove(session);
    if (gone != null) {
      gone.forEach(end);
    }
  }

  private static @Nullable String name(@Nullable Authentication principal) {
    return principal == null ? null : principal.getName();
  }

  private static @Nullable Authentication authentication(@Nullable Object context) {
    return context instanceof SecurityContext known ? known.getAuthentication() : null;
  }

  /** Who has logged in with a session; null for nobody, or for a session that has ended. */
  @Nullable Authentication principal(String session) {
    HttpSession found = byId.get(session);
    if (found == null) {
      return null;
    }
    try {
      return authentication(found.getAttribute(CONTEXT));
    } catch (IllegalStateException e) {
      return null; // it has ended in this moment
    }
  }

  /**
   * Takes note of a connection, which is ended with the login of its session.
   *
   * @param isOpen whether a connection, given by its id, is still there
   * @return whether somebody is still logged in with the session
   */
  boolean add(String session, String connection, Predicate<String> isOpen) {
    connections.compute(
        session,
        (id, before) -> {
          Set<String> now = before == null ? ConcurrentHashMap.newKeySet() : before;
          now.removeIf(isOpen.negate());
          now.add(connection);
          return now;
        });
    if (principal(session) != null) {
      return true;
    }
    connections.computeIfPresent(
        session, (id, some) -> some.remove(connection) && some.isEmpty() ? null : some);
    return false;
  }
}
