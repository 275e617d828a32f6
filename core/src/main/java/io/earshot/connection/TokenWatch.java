package io.earshot.connection;

import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.access.AccessPolicy;
import io.earshot.access.Tokens;
import io.earshot.config.Access;
import io.earshot.protocol.Json;
import io.earshot.protocol.Reply;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The tokens of a connection: which token lets it stay in a room, who its tokens say it is, and
 * what happens when a token expires.
 *
 * <p>Stateless: the state is in {@link Place} and in {@link Participant#identity()}. Called on the
 * connection's event loop.
 */
public final class TokenWatch {

  /**
   * The longest time between two checks of a token, in milliseconds. A connection that has ended is
   * referenced by its timer for no longer than this.
   */
  private static final long CHECK_INTERVAL = 60_000;

  private TokenWatch() {}

  /** Stores the grant by which a connection was admitted, and checks it until it expires. */
  public static void accept(Place place, @Nullable Grant grant) {
    if (grant == null || grant.equals(place.grant)) {
      return;
    }
    Grant before = place.grant;
    // A member that also listens, by another token, stays for as long as both tokens hold.
    Grant now = before != null && place.in && place.listening ? Place.both(before, grant) : grant;
    place.grant = now;
    identify(place.who(), grant);
    Place.Watch watch = place.watch;
    if (watch == null) {
      check(place);
    } else if (now.until().toEpochMilli() < watch.next()) {
      check(place); // the new grant expires before the check that is scheduled
    }
  }

  /** Expires the grant of a place, warns that it will expire, or schedules the next check. */
  private static void check(Place place) {
    Participant who = place.who();
    Grant grant = place.grant;
    if (grant == null || !(place.in || place.listening) || who.isGone()) {
      place.watch = null;
      return;
    }
    long left = grant.until().toEpochMilli() - who.shard().wallTime();
    if (left <= 0) {
      place.watch = null;
      if (needsToken(place)) {
        who.expire(place);
      }
      return;
    }
    Place.Watch before = place.watch;
    long untilWarning = left - who.engine().config().tokens().warning().toMillis();
    boolean isWarned = before != null && before.warnedOf() == grant;
    if (untilWarning <= 0 && !isWarned && needsToken(place)) {
      long expiresAt = grant.until().toEpochMilli();
      who.send(notice(place.room, "expiring", expiresAt).encode());
    }
    long wait = Math.min(untilWarning <= 0 ? left : untilWarning, CHECK_INTERVAL);
    var now = new Place.Watch(who.shard().wallTime() + wait, untilWarning <= 0 ? grant : null);
    place.watch = now;
    who.shard()
        .schedule(
            () -> {
              if (place.watch == now) {
                check(place);
              }
            },
            wait);
  }

  /** Whether the rule of the room requires a token of this member or listener. */
  private static boolean needsToken(Place place) {
    return (place.in && place.rule.join() == Access.Common.TOKEN)
        || (place.listening && place.rule.listen() == Access.Common.TOKEN);
  }

  // --- identity --------------------------------------------------------------------------------

  /** The identity of a grant is the connection's in all its rooms until the grant expires. */
  private static void identify(Participant who, Grant grant) {
    if (grant.identity().isEmpty() || who.login() != null) { // a login is stronger
      return;
    }
    long until = grant.until().toEpochMilli();
    TokenIdentity before = who.identity;
    if (before != null && before.name().equals(grant.identity())) {
      who.identify(
          new TokenIdentity(before.name(), Math.max(before.until(), until), before.look(), null));
    } else {
      begin(who, new TokenIdentity(grant.identity(), until));
    }
  }

  /** Sets the identity of a connection that resumes a session, unless it has a login. */
  public static void inherit(Participant who, TokenIdentity was) {
    if (who.login() == null) { // a login is stronger
      begin(who, was);
    }
  }

  /** Sets the identity of a connection until its time is over. */
  private static void begin(Participant who, TokenIdentity now) {
    who.identify(new TokenIdentity(now.name(), now.until())); // which stops the older timer
    who.set(Grant.IDENTITY, now.name());
    checkIdentity(who);
  }

  /** Ends the identity of a connection if its time is over, or schedules the next check. */
  private static void checkIdentity(Participant who) {
    TokenIdentity now = who.identity;
    if (now == null || who.isGone()) {
      return;
    }
    long left = now.until() - who.shard().wallTime();
    if (left > 0) {
      who.shard()
          .schedule(
              () -> {
                TokenIdentity then = who.identity;
                if (then != null && then.look() == now.look()) {
                  checkIdentity(who);
                }
              },
              Math.min(left, CHECK_INTERVAL));
      return;
    }
    who.identify(null);
    if (now.name().equals(who.attributes().get(Grant.IDENTITY))) {
      who.set(Grant.IDENTITY, null);
    }
    for (Place place : who.places()) {
      if ((place.in && admits(place.rule.join(), now))
          || (place.listening && admits(place.rule.listen(), now))) {
        removeExpired(place);
      }
    }
  }

  /** Whether an access rule is for one identity, and for this one. */
  private static boolean admits(Access access, TokenIdentity identity) {
    return access instanceof Access.Attribute(String name, String value)
        && name.equals(Grant.IDENTITY)
        && value.equals(identity.name());
  }

  // --- expiry ----------------------------------------------------------------------------------

  /** Removes a connection from a room, and sends the notice that the token has expired. */
  public static void removeExpired(Place place) {
    place.who().removeFromRoom(place, notice(place.room, "expired", null), Tokens.EXPIRED);
  }

  /**
   * The notice to a client that its token expires or has expired.
   *
   * @param room the room that the token is for; null for a login
   * @param expiresAt when the token expires, in milliseconds since 1970; null if it has
   */
  static Json notice(@Nullable String room, String status, @Nullable Long expiresAt) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("context", "token");
    if (room != null) {
      fields.put("room", room);
    }
    fields.put("status", status);
    if (expiresAt != null) {
      fields.put("expiresAt", expiresAt);
    }
    return Json.from(fields);
  }

  // --- a newer token ---------------------------------------------------------------------------

  /**
   * Replaces the grants of a connection by a newer token's, in the rooms that the token is for.
   *
   * @throws RefusedException if the token is invalid or permits less than the connection does there
   */
  public static Reply.Refreshed refresh(Participant who, String token) throws RefusedException {
    Admission admission = who.engine().admission();
    Grant newer = admission.tokens().check(token, Instant.ofEpochMilli(who.shard().wallTime()));
    var rooms = new ArrayList<String>();
    for (Place place : who.places()) {
      if (newer.isFor(place.room) && (place.in || place.listening)) {
        for (Permission what : Permission.values()) {
          boolean isNeeded =
              switch (what) {
                case JOIN -> place.in;
                case LISTEN -> place.listening;
                case SAY -> false;
              };
          AccessPolicy.Verdict verdict = isNeeded ? admission.check(place, what, token) : null;
          if (verdict != null && verdict.refusal() != null) {
            throw new RefusedException(verdict.refusal());
          }
        }
        rooms.add(place.room);
        place.grant = null; // so that the older grant does not limit the newer one
        accept(place, newer);
      }
    }
    if (rooms.isEmpty()) {
      throw new RefusedException("Error: you are in no room that this token is for");
    }
    return new Reply.Refreshed(rooms, newer.until().toEpochMilli());
  }
}
