package io.earshot.connection;

import io.earshot.Permission;
import io.earshot.access.AccessPolicy;
import io.earshot.access.AccessPolicy.Verdict;
import io.earshot.access.Tokens;
import io.earshot.config.RoomRule;
import io.earshot.hook.Hook;
import io.earshot.hook.HookRunner;
import io.earshot.hook.HookVerdict;
import io.earshot.hook.Question;
import io.earshot.hook.RoomHooks;
import io.earshot.protocol.Json;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Lets in, or not, who may join a room, listen to it, or say something there. Everything that
 * clients ask passes here, whatever they came by; server code does not. What rules and tokens say
 * is the {@link AccessPolicy}'s; who may by that is asked about where there are hooks.
 *
 * <p>Immutable; asked on the loop of whoever wants something.
 */
public final class Admission {
  private final AccessPolicy policy;
  private final HookRunner hooks;
  private final Refusals refusals;

  public Admission(AccessPolicy policy, HookRunner hooks, Refusals refusals) {
    this.policy = policy;
    this.hooks = hooks;
    this.refusals = refusals;
  }

  Tokens tokens() {
    return policy.tokens();
  }

  /**
   * Decides whether somebody may connect.
   *
   * @param then told on their loop why not, in words for them, or null
   */
  public void greet(Participant who, Consumer<@Nullable String> then) {
    List<Hook> asked = hooks.connects();
    if (asked.isEmpty()) {
      then.accept(null);
      return;
    }
    var question = new Question(who, who.room(), Permission.JOIN);
    hooks.inTurn(
        who, ended -> hooks.ask(asked, question, ended, verdict -> then.accept(verdict.refusal())));
  }

  /**
   * Decides whether somebody may join a room or listen to it.
   *
   * @param place the place that they want, or have in another way
   * @param token what they show, or null
   * @param then told on the loop of whoever asks; what they ask next is to wait for it
   */
  public void admit(Place place, Permission what, @Nullable String token, Consumer<Verdict> then) {
    Participant who = place.who();
    // For hooks, who enters anew where they are already stays.
    List<Hook> asked = what == Permission.JOIN && place.in ? List.of() : about(place).joins();
    if (asked.isEmpty() && !who.isAsking()) {
      then.accept(check(place, what, token));
      return;
    }
    hooks.inTurn(
        who,
        ended -> {
          Verdict verdict = check(place, what, token);
          hooks.ask(
              verdict.refusal() == null ? asked : List.of(),
              new Question(who, place.room, what),
              ended,
              answer ->
                  then.accept(
                      answer.refusal() == null
                          ? unlessBarred(verdict, place, what)
                          : new Verdict(answer.refusal(), null)));
        });
  }

  /**
   * Somebody is on their way into a room.
   *
   * @return to be run on their loop when they hear it
   */
  Runnable joins(Place place) {
    return hooks.tellLater(
        about(place).joineds(), new Question(place.who(), place.room, Permission.JOIN));
  }

  /** Somebody has left a room, or is on their way out. */
  void left(Place place) {
    hooks.tell(about(place).leaves(), new Question(place.who(), place.room, Permission.JOIN));
  }

  /** Runs something once hooks have answered what a connection asked before. */
  public void afterwards(Participant who, Runnable task) {
    hooks.afterwards(who, task);
  }

  /**
   * Decides whether a member may say something.
   *
   * @param token what they show with it, or null for what they showed when they came
   * @param then told on the loop of whoever asks
   */
  public void hear(
      Place speaker, Json message, @Nullable String token, Consumer<HookVerdict> then) {
    Participant who = speaker.who();
    List<Hook> asked = about(speaker).says();
    if (asked.isEmpty() && !who.isAsking()) {
      then.accept(new HookVerdict(message, refusal(speaker, message, token)));
      return;
    }
    hooks.inTurn(
        who,
        ended -> {
          String refusal = refusal(speaker, message, token);
          hooks.ask(
              refusal == null ? asked : List.of(),
              new Question(who, speaker.room, Permission.SAY, message),
              ended,
              verdict -> {
                // Hooks take their time; meanwhile somebody may have been muted, or a token ended.
                String now =
                    refusal != null || verdict.refusal() != null
                        ? refusal
                        : check(speaker, Permission.SAY, token).refusal();
                then.accept(now == null ? verdict : new HookVerdict(message, now));
              });
        });
  }

  /** Why not, by rules and tokens alone. */
  private @Nullable String refusal(Place speaker, Json message, @Nullable String token) {
    String refusal = check(speaker, Permission.SAY, token).refusal();
    return refusal != null ? refusal : tooLong(speaker.rule, message);
  }

  private @Nullable String tooLong(RoomRule rule, Json message) {
    int most = rule.messageBytes();
    if (most == 0 || message.encode().length <= most) {
      return null;
    }
    refusals.count(Refusal.ROOM_MESSAGE);
    return "Error: a message has at most " + most + " bytes in this room";
  }

  /** Whether what somebody is about to say may have to wait for an answer. */
  public boolean isSlow(Place speaker) {
    return speaker.who().isAsking() || !about(speaker).says().isEmpty();
  }

  /** Hooks take their time; meanwhile somebody may have been banned, or the room closed. */
  private Verdict unlessBarred(Verdict verdict, Place place, Permission what) {
    Participant who = place.who();
    Verdict barred = policy.barred(who, place.room, what, verdict.grant());
    if (barred == null) {
      return verdict;
    }
    sendAway(who, barred);
    return verdict.refusal() != null ? verdict : new Verdict(barred.refusal(), null);
  }

  /** Decides at once, by rules, tokens and measures alone. */
  public Verdict check(Place place, Permission what, @Nullable String token) {
    Participant who = place.who();
    if (token != null) {
      who.charge(TOKEN);
    }
    Verdict verdict = policy.check(who, place.room, place.rule, what, place.grant, token);
    sendAway(who, verdict);
    return verdict;
  }

  /** Whose token says that they are banned is sent away, as somebody is of whom it is said. */
  private static void sendAway(Participant who, Verdict verdict) {
    String ban = verdict.ban();
    if (ban != null) {
      who.shard().later(() -> who.expel(ban));
    }
  }

  /** To check a signature costs as much as so many messages. */
  private static final int TOKEN = 25;

  /** Those that are about a place. Looked up once for each, and whenever there are others. */
  private RoomHooks about(Place place) {
    RoomHooks now = hooks.about(place.room, place.hooks);
    if (now != place.hooks) {
      place.hooks = now;
    }
    return now;
  }
}
