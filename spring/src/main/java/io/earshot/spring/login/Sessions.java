package io.earshot.spring.login;

import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.Map;
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
final class Sessions implements HttpSessionListener, HttpSessionIdListener {
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
    Set<String> gone = connections.remove(id);
    if (gone != null) {
      gone.forEach(end);
    }
  }

  @Override
  public void sessionIdChanged(HttpSessionEvent event, String oldId) {
    byId.remove(oldId);
    byId.put(event.getSession().getId(), event.getSession());
    Set<String> moved = connections.remove(oldId);
    if (moved != null) {
      connections.put(event.getSession().getId(), moved);
    }
  }

  /** Who has logged in with a session; null for nobody, or for a session that has ended. */
  @Nullable Authentication principal(String session) {
    HttpSession found = byId.get(session);
    if (found == null) {
      return null;
    }
    try {
      return found.getAttribute(CONTEXT) instanceof SecurityContext context
          ? context.getAuthentication()
          : null;
    } catch (IllegalStateException e) {
      return null; // it has ended in this moment
    }
  }

  /**
   * Takes note of a connection, which is ended with its session.
   *
   * @param isOpen whether a connection, given by its id, is still there
   * @return whether the session is still there
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
    if (byId.containsKey(session)) {
      return true;
    }
    connections.remove(session);
    return false;
  }
}
