package io.earshot;

import io.earshot.protocol.Json;
import io.earshot.spi.Refusal;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides who may join a room, listen to it, or say something there: by the room's rule, and by the
 * token that somebody shows. Everything that clients ask passes here, whatever they came by; server
 * code does not. Who may by that is asked about where there are hooks.
 *
 * <p>Immutable; asked on the loop of whoever wants something.
 */
final class Gate {
  private final Earshot earshot;
  private final Tokens tokens;
  private final HookRunner hooks;

  Gate(Earshot earshot) {
    this.earshot = earshot;
    this.hooks = earshot.hooks();
    Config config = earshot.config();
    this.tokens = new Tokens(config.tokens().keys(), config.commonWeb().cookieSecret());
  }

  Tokens tokens() {
    return tokens;
  }

  /**
   * What was decided.
   *
   * @param refusal why not, in words for who asked; null if they may
   * @param grant what the token allows by which they may; null without one
   */
  record Verdict(@Nullable String refusal, @Nullable Grant grant) {}

  /**
   * What became of what somebody wants to say.
   *
   * @param message what is to be said, which may be something else
   * @param refusal why it is not, in words for who asked; null if it is
   */
  record Hearing(Json message, @Nullable String refusal) {}

  /**
   * Decides whether somebody may connect.
   *
   * @param then told on their loop why not, in words for them, or null
   */
  void greet(Participant who, Consumer<@Nullable String> then) {
    List<HookRunner.Hook> asked = hooks.connects();
    if (asked.isEmpty()) {
      then.accept(null);
      return;
    }
    var question = new HookRunner.Question(who.place(), Permission.JOIN);
    hooks.inTurn(
        who, ended -> hooks.ask(asked, question, ended, hearing -> then.accept(hearing.refusal())));
  }

  /**
   * Decides whether somebody may join a room or listen to it.
   *
   * @param member the place that they want, or have in another way
   * @param token what they show, or null
   * @param then told on the loop of whoever asks; what they ask next is to wait for it
   */
  void admit(Member member, Permission what, @Nullable String token, Consumer<Verdict> then) {
    Participant who = member.connection;
    // For hooks, who enters anew where they are already stays.
    List<HookRunner.Hook> asked =
        what == Permission.JOIN && member.in ? List.of() : hooks.about(member).joins();
    if (asked.isEmpty() && !who.isAsking()) {
      then.accept(check(member, what, token));
      return;
    }
    hooks.inTurn(
        who,
        ended -> {
          Verdict verdict = check(member, what, token);
          hooks.ask(
              verdict.refusal() == null ? asked : List.of(),
              new HookRunner.Question(member, what),
              ended,
              hearing ->
                  then.accept(
                      hearing.refusal() == null
                          ? unlessBarred(verdict, member, what)
                          : new Verdict(hearing.refusal(), null)));
        });
  }

  /**
   * Somebody is on their way into a room.
   *
   * @return to be run on their loop when they hear it
   */
  Runnable joins(Member member) {
    return hooks.tellLater(
        hooks.about(member).joineds(), new HookRunner.Question(member, Permission.JOIN));
  }

  /** Somebody has left a room, or is on their way out. */
  void left(Member member) {
    hooks.tell(hooks.about(member).leaves(), new HookRunner.Question(member, Permission.JOIN));
  }

  /** Runs something once hooks have answered what a connection asked before. */
  void afterwards(Participant who, Runnable task) {
    hooks.afterwards(who, task);
  }

  /**
   * Decides whether a member may say something.
   *
   * @param token what they show with it, or null for what they showed when they came
   * @param then told on the loop of whoever asks
   */
  void hear(Member speaker, Json message, @Nullable String token, Consumer<Hearing> then) {
    Participant who = speaker.connection;
    List<HookRunner.Hook> asked = hooks.about(speaker).says();
    if (asked.isEmpty() && !who.isAsking()) {
      then.accept(new Hearing(message, refusal(speaker, message, token)));
      return;
    }
    hooks.inTurn(
        who,
        ended -> {
          String refusal = refusal(speaker, message, token);
          hooks.ask(
              refusal == null ? asked : List.of(),
              new HookRunner.Question(who, speaker.room, Permission.SAY, message),
              ended,
              hearing -> {
                // Hooks take their time; meanwhile somebody may have been muted, or a token ended.
                String now =
                    refusal != null || hearing.refusal() != null
                        ? refusal
                        : check(speaker, Permission.SAY, token).refusal();
                then.accept(now == null ? hearing : new Hearing(message, now));
              });
        });
  }

  /** Why not, by rules and tokens alone. */
  private @Nullable String refusal(Member speaker, Json message, @Nullable String token) {
    String refusal = check(speaker, Permission.SAY, token).refusal();
    return refusal != null ? refusal : tooLong(speaker.rule, message);
  }

  private @Nullable String tooLong(RoomRule rule, Json message) {
    int most = rule.messageBytes();
    if (most == 0 || message.encode().length <= most) {
      return null;
    }
    earshot.count(Refusal.ROOM_MESSAGE);
    return "Error: a message has at most " + most + " bytes in this room";
  }

  /** Whether what somebody is about to say may have to wait for an answer. */
  boolean isSlow(Member speaker) {
    return speaker.connection.isAsking() || !hooks.about(speaker).says().isEmpty();
  }

  /** Hooks take their time; meanwhile somebody may have been banned, or the room closed. */
  private Verdict unlessBarred(Verdict verdict, Member member, Permission what) {
    String barred =
        earshot.moderation().refusal(member.connection, member.room, what, verdict.grant());
    return barred == null || verdict.refusal() != null ? verdict : new Verdict(barred, null);
  }

  /** Decides at once, by rules and tokens alone. */
  Verdict check(Member member, Permission what, @Nullable String token) {
    Participant who = member.connection;
    Grant grant = member.grant;
    Instant now = Instant.ofEpochMilli(earshot.now());
    if (token != null) {
      who.charge(TOKEN);
      try {
        grant = tokens.check(token, now);
      } catch (RefusedException e) {
        earshot.count(Refusal.TOKEN);
        return new Verdict(e.getMessage(), null);
      }
      if (!grant.isFor(member.room)) {
        earshot.count(Refusal.TOKEN);
        return new Verdict("Error: this token is for another room", null);
      }
    }
    String barred = earshot.moderation().refusal(who, member.room, what, grant);
    if (barred != null) {
      earshot.count(Refusal.BARRED);
      return new Verdict(barred, grant);
    }
    String refusal = refusal(member, what, grant, now);
    if (refusal != null) {
      earshot.count(Refusal.RULE);
    }
    return new Verdict(refusal, grant);
  }

  /** To check a signature costs as much as so many messages. */
  private static final int TOKEN = 25;

  /** The attribute that says who the bearer of a token is. */
  static final String IDENTITY = "identity";

  private static @Nullable String refusal(
      Member member, Permission what, @Nullable Grant grant, Instant now) {
    return switch (member.rule.access(what)) {
      case Access.Common.ANYONE -> null;
      case Access.Common.NOBODY -> mayNot(what);
      case Access.Attribute one ->
          one.isTrueOf(member.connection.attributes()) || isProved(one, grant, now)
              ? null
              : mayNot(what);
      case Access.Common.TOKEN ->
          grant == null
              ? "Error: this room asks for a token"
              : !now.isBefore(grant.until())
                  ? Tokens.EXPIRED
                  : grant.allowed().contains(what) ? null : mayNot(what);
    };
  }

  /** Whether a token says that this is who is let in. */
  private static boolean isProved(Access.Attribute one, @Nullable Grant grant, Instant now) {
    return grant != null
        && one.name().equals(IDENTITY)
        && one.value().equals(grant.identity())
        && now.isBefore(grant.until());
  }

  private static String mayNot(Permission what) {
    return switch (what) {
      case JOIN -> "Error: you may not join this room";
      case SAY -> "Error: you may not say anything in this room";
      case LISTEN -> "Error: you may not listen to this room";
    };
  }
}
