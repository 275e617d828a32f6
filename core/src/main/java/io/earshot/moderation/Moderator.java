package io.earshot.moderation;

import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.Grant;
import io.earshot.Measure;
import io.earshot.Moderation;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.Target;
import io.earshot.Transport;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomName;
import io.earshot.spi.Visitor;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What {@link Moderation} says, done. */
public final class Moderator implements Moderation {
  private static final System.Logger LOG = System.getLogger(Moderation.class.getName());

  /** Whoever learns so late that a room was closed, and is open again, sends nobody out of it. */
  private static final Duration LATE = Duration.ofMinutes(1);

  private final int most;
  private final String defaultRoom;
  private final InstantSource clock;
  private final Supplier<String> names;
  private final ModerationTargets clients;
  private final Measures measures;
  private volatile @Nullable MeasurePublisher log;

  /**
   * Nothing is decided yet.
   *
   * @param names what gives measures their ids
   * @param clients whom measures reach at once
   */
  public Moderator(
      Config config, InstantSource clock, Supplier<String> names, ModerationTargets clients) {
    this.most = config.admin().measures();
    this.defaultRoom = config.general().defaultChatRoom();
    this.clock = clock;
    this.names = names;
    this.clients = clients;
    this.measures = new Measures(most);
  }

  /** Tells other servers what is decided here from now on. */
  public void shareBy(MeasurePublisher with) {
    log = with;
  }

  @Override
  // --- what is decided -------------------------------------------------------------------------

  public CompletionStage<Boolean> kick(String id, String reason) {
    return clients.kick(id, checked(reason));
  }

  @Override
  public CompletionStage<Measure> ban(Target target, Duration time, String reason) {
    return order(Measure.Kind.BAN, target, null, checked(time), reason);
  }

  @Override
  public CompletionStage<Measure> mute(
      Target target, @Nullable String room, Duration time, String reason) {
    return order(
        Measure.Kind.MUTE, target, room == null ? null : named(room), checked(time), reason);
  }

  @Override
  public CompletionStage<Measure> closeRoom(String room, Duration time, String reason) {
    if (room.equals(defaultRoom)) {
      throw new IllegalArgumentException("the default room cannot be closed: it is where all go");
    }
    return order(
        Measure.Kind.CLOSURE, null, named(room), time.isZero() ? time : checked(time), reason);
  }

  @Override
  public CompletionStage<Boolean> lift(String id) {
    boolean held = measures.lift(id, now()) != null;
    MeasurePublisher others = log;
    return held && others != null
        ? others.tell(lifting(id), Json.from(Map.of("lift", id))).thenApply(_ -> true)
        : CompletableFuture.completedStage(held);
  }

  @Override
  public List<Measure> bans() {
    return measures.all(Measure.Kind.BAN, now());
  }

  @Override
  public List<Measure> mutes() {
    return measures.all(Measure.Kind.MUTE, now());
  }

  @Override
  public List<Measure> closures() {
    return measures.all(Measure.Kind.CLOSURE, now());
  }

  @Override
  public @Nullable Measure find(String id) {
    return measures.find(id, now());
  }

  private Instant now() {
    return Instant.ofEpochMilli(clock.millis());
  }

  private static Duration checked(Duration time) {
    if (!time.isPositive() || time.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "a measure holds for more than no time, and " + LONGEST.toDays() + " days at most");
    }
    return time;
  }

  private static String checked(String reason) {
    if (reason.length() > LONGEST_REASON || reason.chars().anyMatch(Character::isISOControl)) {
      throw new IllegalArgumentException(
          "a reason has at most " + LONGEST_REASON + " characters, and no control characters");
    }
    return reason;
  }

  private static String named(String room) {
    if (!RoomName.isValid(room)) {
      throw new IllegalArgumentException(
          "a room's name has 1 to " + RoomName.MAX_LENGTH + " characters, no control characters");
    }
    return room;
  }

  private CompletionStage<Measure> order(
      Measure.Kind kind,
      @Nullable Target target,
      @Nullable String room,
      Duration time,
      String reason) {
    var measure = new Measure(names.get(), kind, target, room, checked(reason), now().plus(time));
    if (measures.isFull(now())) {
      return CompletableFuture.failedStage(
          new RefusedException(
              "Error: "
                  + most
                  + " bans, mutes and closures hold (admin.measures); lift some, or ban a range"));
    }
    take(measure, 0);
    MeasurePublisher others = log;
    return others == null
        ? CompletableFuture.completedStage(measure)
        : others.tell(measure.id(), measure.toJson()).thenApply(_ -> measure);
  }

  // --- what is known ---------------------------------------------------------------------------

  /** Takes in what a server of the cluster told at a place of the log, this one included. */
  public void learn(Json fact, long at) {
    try {
      if (fact instanceof Json.Obj fields && fields.get("lift") instanceof Json.Text(String id)) {
        var _ = measures.lift(id, now());
      } else {
        take(of(fact), at);
      }
    } catch (IllegalArgumentException e) {
      // Not from a server of this version.
      LOG.log(Level.DEBUG, "a measure that makes no sense", e);
    }
  }

  public List<Measure> untold() {
    return measures.untold(now());
  }

  public List<Measure> toldBefore(long place, int limit) {
    return measures.toldBefore(place, limit, now());
  }

  private void take(Measure measure, long at) {
    if (!measures.add(measure, at, now())) {
      return;
    }
    Target target = measure.target();
    switch (measure.kind()) {
      case BAN -> {
        if (target != null && measure.holds(now())) {
          clients.expel(target, measure.words());
        }
      }
      case MUTE -> {
        // Found out when they speak.
      }
      case CLOSURE -> {
        if (now().isBefore(measure.until().plus(LATE))) {
          clients.putOut(String.valueOf(measure.room()), notice(measure), measure.words());
        }
      }
    }
  }

  /** What those are told who are in a room, or listen to it, and have to go. */
  public static Json notice(Measure closure) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("context", "room");
    fields.put("room", String.valueOf(closure.room()));
    fields.put("status", "closed");
    fields.put("reason", closure.reason());
    return Json.from(fields);
  }

  /** What it is about that a measure is lifted. */
  public static String lifting(String id) {
    return "lift " + id;
  }

  /**
   * Reads what {@link Measure#toJson} wrote.
   *
   * @throws IllegalArgumentException if it is none
   */
  private static Measure of(Json json) {
    if (json instanceof Json.Obj fields
        && fields.get("id") instanceof Json.Text(String id)
        && fields.get("kind") instanceof Json.Text(String kind)
        && fields.get("reason") instanceof Json.Text(String reason)
        && fields.get("until") instanceof Json.Num(String until)) {
      Json target = fields.get("target");
      return new Measure(
          id,
          Measure.Kind.valueOf(kind.toUpperCase(Locale.ROOT)),
          target == null ? null : Target.of(target),
          fields.get("room") instanceof Json.Text(String room) ? room : null,
          reason,
          Instant.ofEpochMilli(Long.parseLong(until)));
    }
    throw new IllegalArgumentException("no measure: " + json);
  }

  // --- whom it concerns ------------------------------------------------------------------------

  /** What keeps somebody from doing something in a room whatever its rule says; null if nothing. */
  public @Nullable Measure against(
      Connection who, String room, Permission what, @Nullable Grant grant) {
    if (measures.isEmpty()) {
      return null;
    }
    Instant now = now();
    Map<String, String> attributes = who.attributes();
    if (grant != null && !grant.identity().isEmpty()) {
      // What the token says of them is true of them, also before they are let in by it.
      var shown = new HashMap<>(attributes);
      shown.put(Grant.IDENTITY, grant.identity());
      attributes = shown;
    }
    // Who is connected is not banned; of those who come for one request nobody has looked.
    boolean isNew = what != Permission.SAY || who.transport() == Transport.WEB;
    Measure found =
        isNew && measures.hasBans()
            ? measures.ban(who.id(), who.remoteAddress(), attributes, now)
            : null;
    if (found == null) {
      found = measures.closure(room, now);
    }
    if (found == null && what == Permission.SAY && measures.hasMutes()) {
      found = measures.mute(who.id(), who.remoteAddress(), attributes, room, now);
    }
    return found;
  }

  /** The ban of somebody; null if they are not banned. */
  public @Nullable Measure ban(Connection who) {
    return measures.hasBans()
        ? measures.ban(who.id(), who.remoteAddress(), who.attributes(), now())
        : null;
  }

  /** The same of somebody who asks over HTTP. */
  public @Nullable Measure ban(Visitor visitor) {
    return measures.ban(visitor.id(), visitor.remoteAddress(), Map.of(), now());
  }

  /** What closes a room; null if it is not closed. */
  public @Nullable Measure closure(String room) {
    return measures.isEmpty() ? null : measures.closure(room, now());
  }
}
