package io.earshot.connection;

import io.earshot.Grant;
import io.earshot.access.Tokens;
import io.earshot.config.Access;
import io.earshot.spi.Login;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The logins of connections: who a connection is, until when, and what happens then.
 *
 * <p>Stateless: the state is in {@link Participant#identity()}. Called on the connection's event
 * loop.
 */
public final class LoginWatch {

  /** The longest time between two checks, in milliseconds; see {@link TokenWatch}. */
  private static final long CHECK_INTERVAL = 60_000;

  private LoginWatch() {}

  /**
   * Logs a connection in, or renews its login.
   *
   * @return the refusal; null if it is logged in
   */
  public static @Nullable String logIn(Participant who, Login now) {
    Login before = who.login();
    if (before != null && !before.subject().equals(now.subject())) {
      return "Error: you are logged in as another user; log in on a new connection";
    }
    if (before == null
        && who.engine()
            .connections()
            .isFull(now.user().id(), who.engine().logins().connectionsPerUser())) {
      return "Error: this user has too many connections (users.connections)";
    }
    TokenIdentity identity = who.identity;
    set(who, before, before == null ? now : before.renewedBy(now));
    if (before != null) {
      leaveRoomsOf(who, before.attributes());
    } else if (identity != null) { // by a token for rooms
      leaveRoomsOf(who, Map.of(Grant.IDENTITY, identity.name()));
    }
    return null;
  }

  /** Leaves the rooms whose rules a connection has met by attributes, and does not meet now. */
  public static void leaveRoomsOf(Participant who, Map<String, String> attributes) {
    Map<String, String> now = who.attributes();
    for (Place place : who.places()) {
      if ((place.in && isLost(place.rule.join(), attributes, now))
          || (place.listening && isLost(place.rule.listen(), attributes, now))) {
        TokenWatch.removeExpired(place);
      } else if (place.listening && place.rule.isInbox()) {
        who.expire(place);
      }
    }
  }

  private static boolean isLost(
      Access access, Map<String, String> before, Map<String, String> now) {
    return access instanceof Access.Attribute one && one.isTrueOf(before) && !one.isTrueOf(now);
  }

  private static void set(Participant who, @Nullable Login before, Login now) {
    var identity = new TokenIdentity(now);
    who.identify(identity); // which stops the older timer
    who.change(
        attributes -> {
          if (before != null) {
            attributes.keySet().removeAll(before.attributes().keySet());
          }
          attributes.putAll(now.attributes());
        });
    who.lookForBan();
    if (now.until() != Long.MAX_VALUE) {
      check(who, identity, false);
    }
  }

  /** Logs in a connection that lasts for one request, which nothing watches. */
  public static void assume(Participant who, Login now) {
    if (who.shard().wallTime() < now.until()) {
      who.identify(new TokenIdentity(now));
      who.change(attributes -> attributes.putAll(now.attributes()));
    }
  }

  /**
   * Takes over the attributes and the login of a session that is resumed. What the connection has
   * of its own, by its login and by hooks, is newer.
   *
   * @param others the attributes of the session
   * @param was the login of the session; null without one
   */
  public static void inherit(Participant who, Map<String, String> others, @Nullable Login was) {
    var earlier = new HashMap<>(others);
    if (was != null) {
      earlier.keySet().removeAll(was.attributes().keySet()); // as its login sets them anew
    }
    who.change(
        attributes -> {
          earlier.putAll(attributes);
          attributes.putAll(earlier);
        });
    Login own = who.login();
    if (own == null && was != null) {
      set(who, null, was);
    } else if (own != null && was != null && was.subject().equals(own.subject())) {
      set(who, own, was.renewedBy(own)); // not shorter than the session had it
    }
  }

  /** Ends a login, warns that it will end, or schedules the next check. */
  private static void check(Participant who, TokenIdentity login, boolean isWarned) {
    TokenIdentity now = who.identity;
    if (now == null || now.look() != login.look() || who.isGone()) {
      return;
    }
    long left = login.until() - who.shard().wallTime();
    if (left <= 0) {
      end(who, login);
      return;
    }
    long untilWarning = left - who.engine().config().tokens().warning().toMillis();
    boolean warns = untilWarning <= 0;
    if (warns && !isWarned) {
      who.send(TokenWatch.notice(null, "expiring", login.until()).encode());
    }
    who.shard()
        .schedule(
            () -> check(who, login, warns), Math.min(warns ? left : untilWarning, CHECK_INTERVAL));
  }

  private static void end(Participant who, TokenIdentity ended) {
    Login login = ended.login();
    who.identify(null);
    who.send(TokenWatch.notice(null, "expired", null).encode());
    if (login == null) {
      return;
    }
    who.change(
        attributes -> login.attributes().forEach((name, value) -> attributes.remove(name, value)));
    if (who.engine().logins().isRequired()) {
      who.disconnect(Tokens.EXPIRED);
      return;
    }
    leaveRoomsOf(who, login.attributes());
  }
}
