package io.earshot.access;

import io.earshot.Connection;
import io.earshot.Grant;
import io.earshot.Measure;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.config.Access;
import io.earshot.config.RoomRule;
import io.earshot.moderation.Moderator;
import io.earshot.protocol.RoomName;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import io.earshot.stats.Incidents.Incident;
import io.earshot.token.TokenClaims;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a client may join a room, listen to it, or send messages to it: by the measures
 * against the client, by the room's rule, and by the client's token.
 *
 * <p>Immutable; what it asks is thread-safe.
 */
public final class AccessPolicy {
  /** The refusal of a token that is not for the room. */
  public static final String FOR_ANOTHER_ROOM = "Error: this token is for another room";

  /** The name of the incidents with tokens of rooms. */
  private static final String ROOM_TOKENS = "of rooms";

  private static final String NO_SIGNAL = "Error: you may not send signals in this room";

  private final Tokens tokens;
  private final Moderator moderation;
  private final Refusals refusals;
  private final InstantSource clock;

  public AccessPolicy(Tokens tokens, Moderator moderation, Refusals refusals, InstantSource clock) {
    this.tokens = tokens;
    this.moderation = moderation;
    this.refusals = refusals;
    this.clock = clock;
  }

  /**
   * A decision.
   *
   * @param refusal why the client may not, as the client sees it; null if it may
   * @param grant the grant of the client's token; null without a token
   * @param ban the reason for disconnecting a client whose token has a banned identity; null
   *     otherwise
   */
  public record Verdict(@Nullable String refusal, @Nullable Grant grant, @Nullable String ban) {
    public Verdict(@Nullable String refusal, @Nullable Grant grant) {
      this(refusal, grant, null);
    }
  }

  public Tokens tokens() {
    return tokens;
  }

  /**
   * Verifies a token.
   *
   * @return the grant of the token
   * @throws RefusedException if the token is not valid, not valid yet, or has expired
   */
  public Grant verify(String token) throws RefusedException {
    try {
      return tokens.check(token, now());
    } catch (RefusedException e) {
      refusals.count(Refusal.TOKEN);
      refusals.incidents().note(Incident.TOKEN, ROOM_TOKENS, String.valueOf(e.getMessage()));
      throw e;
    }
  }

  private Instant now() {
    return Instant.ofEpochMilli(clock.millis());
  }

  /**
   * Decides at once, by rules, tokens and measures alone.
   *
   * @param held the grant of an earlier token for this room, or null
   * @param token the token of this request, or null
   */
  public Verdict check(
      Connection who,
      String room,
      RoomRule rule,
      Permission what,
      @Nullable Grant held,
      @Nullable String token) {
    if (token == null) {
      return check(who, room, rule, what, held);
    }
    try {
      return checkShown(who, room, rule, what, verify(token));
    } catch (RefusedException e) {
      return new Verdict(e.getMessage(), null);
    }
  }

  /** The same, by the grant of a token that was verified for this request. */
  public Verdict checkShown(
      Connection who, String room, RoomRule rule, Permission what, Grant shown) {
    if (!shown.isFor(room)) {
      refusals.count(Refusal.TOKEN);
      return new Verdict(FOR_ANOTHER_ROOM, null);
    }
    return check(who, room, rule, what, shown);
  }

  private Verdict check(
      Connection who, String room, RoomRule rule, Permission what, @Nullable Grant grant) {
    String mayNot = rule.isInbox() ? mayNotInInbox(room, what) : mayNot(what);
    return check(who, room, access(rule, what), what, mayNot, grant);
  }

  /**
   * Decides by the measures and by what the room's rule says.
   *
   * @param mayNot the refusal of a client that the rule does not allow it
   */
  private Verdict check(
      Connection who,
      String room,
      Access access,
      Permission what,
      String mayNot,
      @Nullable Grant grant) {
    Verdict barred = barred(who, room, what, grant);
    if (barred != null) {
      refusals.count(Refusal.BARRED);
      return barred;
    }
    String refusal = refusal(who, room, access, what, mayNot, grant, now());
    if (refusal != null) {
      refusals.count(Refusal.RULE);
    }
    return new Verdict(refusal, grant);
  }

  /**
   * Decides whether a client may send a signal to a room: by the same measures as for a message.
   *
   * @param grant the grant of the client's token, or null
   */
  public Verdict checkSignal(Connection who, String room, RoomRule rule, @Nullable Grant grant) {
    return check(who, room, rule.maySignal(), Permission.SAY, NO_SIGNAL, grant);
  }

  /** The decision of a measure against the client; null if no measure forbids the request. */
  public @Nullable Verdict barred(
      Connection who, String room, Permission what, @Nullable Grant grant) {
    Measure measure = moderation.against(who, room, what, grant);
    if (measure == null) {
      return null;
    }
    boolean isBan = measure.kind() == Measure.Kind.BAN && grant != null;
    return new Verdict(measure.words(), grant, isBan ? measure.words() : null);
  }

  /** The clients that a rule allows to do something. */
  private static Access access(RoomRule rule, Permission what) {
    return switch (what) {
      case JOIN -> rule.join();
      case SAY -> rule.say();
      case LISTEN -> rule.listen();
    };
  }

  private static @Nullable String refusal(
      Connection who,
      String room,
      Access access,
      Permission what,
      String mayNot,
      @Nullable Grant grant,
      Instant now) {
    return switch (access) {
      case Access.Common.ANYONE -> null;
      case Access.Common.NOBODY -> mayNot;
      case Access.Common.OWNER -> room.equals(RoomName.inboxOf(who.user())) ? null : mayNot;
      case Access.Attribute one ->
          one.isTrueOf(who.attributes()) || isGranted(one, grant, now) ? null : mayNot;
      case Access.Common.TOKEN ->
          grant == null
              ? "Error: this room asks for a token"
              : !now.isBefore(grant.until())
                  ? "Error: " + TokenClaims.expired(grant.until(), now)
                  : grant.allowed().contains(what) ? null : mayNot;
    };
  }

  /** Whether a token that has not expired gives the client the attribute. */
  private static boolean isGranted(Access.Attribute one, @Nullable Grant grant, Instant now) {
    return grant != null
        && one.name().equals(Grant.IDENTITY)
        && one.value().equals(grant.identity())
        && now.isBefore(grant.until());
  }

  private static String mayNotInInbox(String room, Permission what) {
    return switch (what) {
      case JOIN -> "Error: nobody can join " + room + ": it is the inbox of a user";
      case SAY -> "Error: you may not say anything in " + room + ": it is the inbox of a user";
      case LISTEN -> "Error: only the user listens to " + room + ": it is an inbox";
    };
  }

  private static String mayNot(Permission what) {
    return switch (what) {
      case JOIN -> "Error: you may not join this room";
      case SAY -> "Error: you may not say anything in this room";
      case LISTEN -> "Error: you may not listen to this room";
    };
  }
}
