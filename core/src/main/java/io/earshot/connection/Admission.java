package io.earshot.connection;

import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.access.AccessPolicy;
import io.earshot.access.AccessPolicy.Verdict;
import io.earshot.access.Tokens;
import io.earshot.config.RoomRule;
import io.earshot.events.EventKind;
import io.earshot.hook.Hook;
import io.earshot.hook.HookRunner;
import io.earshot.hook.HookVerdict;
import io.earshot.hook.NewClient;
import io.earshot.hook.Question;
import io.earshot.hook.RoomHooks;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.room.RoomOrder;
import io.earshot.spi.Login;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a client may connect, join a room, listen to it, or send a message there. All
 * requests of clients pass here, whatever their transport; calls of server code do not. The {@link
 * AccessPolicy} decides first, by rules, tokens and measures; then the hooks run, if there are any.
 *
 * <p>Immutable. Called on the loop of the connection that asks, and answers there.
 */
public final class Admission {

  /** The check of a token's signature counts as so many messages. */
  public static final int TOKEN_COST = 25;

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

  // --- connecting, joining, listening ----------------------------------------------------------

  /** Whether hooks decide about new clients. */
  public boolean asksToConnect() {
    return !hooks.connects().isEmpty();
  }

  /**
   * Decides whether a client may connect, and sets the user that hooks choose.
   *
   * @param then called with the refusal, or with null
   */
  public void askToConnect(Participant who, NewClient client, Consumer<@Nullable String> then) {
    List<Hook> asked = hooks.connects();
    if (asked.isEmpty()) {
      then.accept(null);
      return;
    }
    var question = new Question(who, client);
    hooks.inTurn(
        who,
        ended ->
            hooks.ask(
                asked,
                question,
                ended,
                verdict ->
                    then.accept(
                        verdict.refusal() != null
                            ? verdict.refusal()
                            : chosen(who, client.decided()))));
  }

  /** Logs a client in as the user that hooks have chosen; returns the refusal, or null. */
  private static @Nullable String chosen(Participant who, @Nullable User user) {
    if (user == null || who.isGone()) {
      return null;
    }
    Login login = who.login();
    return LoginWatch.logIn(who, login == null ? Login.of(user) : login.as(user));
  }

  /**
   * Decides whether a client may join a room or listen to it.
   *
   * @param place the client's place in the room, or the place that it would get
   * @param token the token that came with the request, or null
   * @param then called with the decision; later requests of the client have to wait for it
   */
  public void admit(Place place, Permission what, @Nullable String token, Consumer<Verdict> then) {
    Participant who = place.who();
    // Hooks are not asked about a member that joins again.
    List<Hook> asked = what == Permission.JOIN && place.in ? List.of() : about(place).joins();
    if (asked.isEmpty() && !who.isAsking()) {
      answer(place, check(place, what, token), then);
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
                  answer(
                      place,
                      answer.refusal() == null
                          ? unlessBarred(verdict, place, what)
                          : new Verdict(answer.refusal(), null),
                      then));
        });
  }

  private static void answer(Place place, Verdict verdict, Consumer<Verdict> then) {
    if (verdict.refusal() != null) {
      place.recordRefusal(EventKind.JOIN_REFUSED, verdict.refusal());
    }
    then.accept(verdict);
  }

  /** Refuses if a ban or a closure has begun since the verdict was given. */
  public Verdict unlessBarred(Verdict verdict, Place place, Permission what) {
    Participant who = place.who();
    Verdict barred = policy.barred(who, place.room, what, verdict.grant());
    if (barred == null) {
      return verdict;
    }
    disconnectIfBanned(who, barred);
    return verdict.refusal() != null ? verdict : new Verdict(barred.refusal(), null);
  }

  /**
   * Reserves a turn for the hooks that are notified when a connection has joined a room.
   *
   * @return a task, to be run on the connection's loop once it has joined
   */
  Runnable joining(Place place) {
    return hooks.tellLater(
        about(place).joineds(), new Question(place.who(), place.room, Permission.JOIN));
  }

  /** Notifies hooks that a connection has left a room, or is about to. */
  void left(Place place) {
    hooks.tell(about(place).leaves(), new Question(place.who(), place.room, Permission.JOIN));
  }

  /** Runs a task after hooks have answered all earlier questions about a connection. */
  public void afterwards(Participant who, Runnable task) {
    hooks.afterwards(who, task);
  }

  // --- messages --------------------------------------------------------------------------------

  /**
   * Sends a client's message to the room if the client may send it.
   *
   * @param token the token that came with the request; null for the one by which the client was
   *     admitted
   * @param audience the members that receive it; null for all
   * @param messageId the client's own id for the message, or null
   * @param told called on the connection's loop with the message's place in the room's order, or
   *     with the refusal
   * @return whether the decision was made at once. Otherwise hooks are running, and the client's
   *     next request has to wait, since the room would see it before this message
   */
  public boolean say(
      Place speaker,
      Json message,
      @Nullable String token,
      @Nullable Audience audience,
      @Nullable Json messageId,
      Consumer<RoomOrder.SayResult> told) {
    if (!needsHooks(speaker)) {
      String refusal = refusal(speaker, message, token);
      sayUnless(refusal, speaker, message, message, audience, messageId, told);
      return true;
    }
    askHooks(
        speaker,
        message,
        token,
        verdict ->
            sayUnless(
                verdict.refusal(),
                speaker,
                verdict.message(),
                message,
                audience,
                messageId,
                verdict.message() == message ? told : spoken -> changed(speaker, spoken, told)));
    return false;
  }

  private static void changed(
      Place speaker, RoomOrder.SayResult spoken, Consumer<RoomOrder.SayResult> told) {
    if (spoken.place() != null) {
      Participant who = speaker.who();
      who.shard().recorder().add(EventKind.SAY_CHANGED, who, speaker.room, spoken.place(), null);
    }
    told.accept(spoken);
  }

  /**
   * The receiver of a result, which also tells the hooks that learn of messages, if there are any.
   */
  private Consumer<RoomOrder.SayResult> telling(
      Place speaker, Json message, Consumer<RoomOrder.SayResult> told) {
    return !tellsOfMessages(speaker)
        ? told
        : RoomOrder.TracedSay.around(
            told,
            answered ->
                spoken -> {
                  answered.accept(spoken);
                  said(speaker, message, spoken);
                });
  }

  /** Whether hooks learn of messages in a room. Called on the speaker's loop. */
  public boolean tellsOfMessages(Place speaker) {
    return !about(speaker).saids().isEmpty();
  }

  /**
   * Tells the hooks that learn of messages that one has its place. Called on the speaker's loop.
   */
  public void said(Place speaker, Json message, RoomOrder.SayResult spoken) {
    Cursor place = spoken.place();
    if (place != null) {
      hooks.tellAside(
          about(speaker).saids(), new Question(speaker.who(), speaker.room, message, place));
    }
  }

  private void sayUnless(
      @Nullable String refusal,
      Place speaker,
      Json message,
      Json words,
      @Nullable Audience audience,
      @Nullable Json messageId,
      Consumer<RoomOrder.SayResult> told) {
    String why = refusal != null ? refusal : speaker.who().refusalToSpeak(speaker);
    if (why == null) {
      speaker.say(message, words, audience, messageId, true, telling(speaker, message, told));
    } else {
      speaker.recordRefusal(EventKind.SAY_REFUSED, why);
      told.accept(new RoomOrder.SayResult(null, why));
    }
  }

  /**
   * Decides whether a client may send a message to a room.
   *
   * @param token the token that came with the request; null for the one by which the client was
   *     admitted
   * @param then called with the message, which hooks may have changed, or with the refusal
   */
  public void decideSay(
      Place speaker, Json message, @Nullable String token, Consumer<HookVerdict> then) {
    if (needsHooks(speaker)) {
      askHooks(speaker, message, token, verdict -> decided(speaker, verdict, then));
    } else {
      decided(speaker, new HookVerdict(message, refusal(speaker, message, token)), then);
    }
  }

  private static void decided(Place speaker, HookVerdict verdict, Consumer<HookVerdict> then) {
    if (verdict.refusal() != null) {
      speaker.recordRefusal(EventKind.SAY_REFUSED, verdict.refusal());
    }
    then.accept(verdict);
  }

  /**
   * Whether hooks are to decide about a message, or are still deciding about something before it.
   */
  private boolean needsHooks(Place speaker) {
    return speaker.who().isAsking() || !about(speaker).says().isEmpty();
  }

  private void askHooks(
      Place speaker, Json message, @Nullable String token, Consumer<HookVerdict> then) {
    Participant who = speaker.who();
    List<Hook> asked = about(speaker).says();
    hooks.inTurn(
        who,
        ended -> {
          String refusal = refusal(speaker, message, token);
          hooks.ask(
              refusal == null ? asked : List.of(),
              new Question(who, speaker.room, Permission.SAY, message),
              ended,
              verdict -> {
                // A mute may have begun, or a token expired, while hooks were asked.
                String now =
                    refusal != null || verdict.refusal() != null
                        ? refusal
                        : check(speaker, Permission.SAY, token).refusal();
                then.accept(now == null ? verdict : new HookVerdict(message, now));
              });
        });
  }

  /** The refusal by rules, tokens, measures and the room's limit of length; null for none. */
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

  // --- signals ---------------------------------------------------------------------------------

  /**
   * The reason why a client may not send a signal to a room: by rules, tokens and measures. Hooks
   * are not asked.
   *
   * @param grant the grant of the client's token for this room, or null
   * @return the refusal; null if the client may
   */
  public @Nullable String refusalToSignal(Place sender, Json content, @Nullable Grant grant) {
    Participant who = sender.who();
    Verdict verdict = policy.checkSignal(who, sender.room, sender.rule, grant);
    disconnectIfBanned(who, verdict);
    return verdict.refusal() != null ? verdict.refusal() : tooLong(sender.rule, content);
  }

  // --- without hooks ---------------------------------------------------------------------------

  /** Decides at once, by rules, tokens and measures, without hooks. */
  public Verdict check(Place place, Permission what, @Nullable String token) {
    Participant who = place.who();
    if (token != null) {
      who.charge(TOKEN_COST);
    }
    Verdict verdict = policy.check(who, place.room, place.rule, what, place.grant, token);
    disconnectIfBanned(who, verdict);
    return verdict;
  }

  /**
   * Verifies a token.
   *
   * @throws RefusedException if the token is not valid, not valid yet, or has expired
   */
  public Grant verify(String token) throws RefusedException {
    return policy.verify(token);
  }

  /**
   * Decides as {@link #check} does, by the grant of a token that was verified for this request.
   *
   * @param shown the grant; null without a token
   */
  public Verdict checkShown(Place place, Permission what, @Nullable Grant shown) {
    if (shown == null) {
      return check(place, what, null);
    }
    Participant who = place.who();
    Verdict verdict = policy.checkShown(who, place.room, place.rule, what, shown);
    disconnectIfBanned(who, verdict);
    return verdict;
  }

  /** Ends a connection whose token names an identity that is banned. */
  private static void disconnectIfBanned(Participant who, Verdict verdict) {
    String ban = verdict.ban();
    if (ban != null) {
      who.shard().later(() -> who.disconnect(ban));
    }
  }

  /** The hooks that are about a room; looked up again when hooks were added or removed. */
  private RoomHooks about(Place place) {
    RoomHooks now = hooks.about(place.room, place.hooks);
    if (now != place.hooks) {
      place.hooks = now;
    }
    return now;
  }
}
