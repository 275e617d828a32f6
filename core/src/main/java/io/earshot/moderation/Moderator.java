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
import io.earshot.spi.Clocks;
import io.earshot.spi.Visitor;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The {@link Moderation} of a server: decides on measures, publishes them to the cluster, and finds
 * those against a client.
 *
 * <p>Thread-safe: {@link Measures} has a lock; the publisher is volatile.
 */
public final class Moderator implements Moderation {
  private static final System.Logger LOG = System.getLogger(Moderation.class.getName());

  /** A closure that becomes known later than this after its end removes no client from the room. */
  private static final Duration LATE = Duration.ofMinutes(1);

  /** The field of a fact with the milliseconds for which the measure is still in force. */
  private static final String LEFT = "left";

  private final int most;
  private final String defaultRoom;
  private final Clocks clocks;
  private final Supplier<String> names;
  private final ModerationTargets targets;
  private final Measures measures;
  private volatile @Nullable MeasurePublisher publisher;

  /**
   * A moderator without measures.
   *
   * @param names the source of the ids of measures
   * @param targets the connections that a new measure ends at once
   */
  public Moderator(
      Config config, Clocks clocks, Supplier<String> names, ModerationTargets targets) {
    this.most = config.admin().measures();
    this.defaultRoom = config.general().defaultChatRoom();
    this.clocks = clocks;
    this.names = names;
    this.targets = targets;
    this.measures = new Measures(most);
  }

  /** Publishes the measures of this server to the cluster from now on. */
  public void joinCluster(MeasurePublisher with) {
    publisher = with;
  }

  // --- decisions of this server ----------------------------------------------------------------

  @Override
  public CompletionStage<Boolean> kick(String id, String reason) {
    return targets.kick(id, checked(reason));
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
      throw new IllegalArgumentException(
          "the default room cannot be closed: clients go there from closed rooms");
    }
    return order(
        Measure.Kind.CLOSURE, null, named(room), time.isZero() ? time : checked(time), reason);
  }

  @Override
  public CompletionStage<Boolean> lift(String id) {
    boolean held = measures.lift(id, now()) != null;
    MeasurePublisher others = publisher;
    return held && others != null
        ? others.tell(subjectOfLift(id), Json.from(Map.of("lift", id))).thenApply(ignored -> true)
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

  private long now() {
    return clocks.elapsed();
  }

  private static Duration checked(Duration time) {
    if (!time.isPositive() || time.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          "the time of a measure must be more than 0 and at most " + LONGEST.toDays() + " days");
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
    Instant until = Instant.ofEpochMilli(clocks.wall().millis()).plus(time);
    var measure = new Measure(names.get(), kind, target, room, checked(reason), until);
    if (measures.isFull(now())) {
      return CompletableFuture.failedStage(
          new RefusedException(
              "Error: "
                  + most
                  + " bans, mutes and closures are in force (admin.measures); lift some, or ban a range"));
    }
    take(measure, time.toMillis(), 0);
    MeasurePublisher others = publisher;
    return others == null
        ? CompletableFuture.completedStage(measure)
        : others.tell(measure.id(), measure.toJson()).thenApply(ignored -> measure);
  }

  // --- facts from the cluster ------------------------------------------------------------------

  /**
   * Applies a fact from the log of the cluster. The log also returns this server's own facts.
   *
   * @param at the place of the fact in the log
   * @param age how long ago the fact was written, in milliseconds by the clock of the log
   */
  public void learn(Json fact, long at, long age) {
    try {
      if (fact instanceof Json.Obj fields && fields.get("lift") instanceof Json.Text(String id)) {
        var unused = measures.lift(id, now());
      } else {
        take(of(fact), left(fact) - age, at);
      }
    } catch (IllegalArgumentException e) {
      // Another version of the server may have written it.
      LOG.log(Level.DEBUG, "a fact in the log of measures is not readable", e);
    }
  }

  /** How long the measure of a fact is in force from when the fact was written, in milliseconds. */
  private long left(Json fact) {
    long most = LONGEST.toMillis();
    return fact instanceof Json.Obj fields && fields.get(LEFT) instanceof Json.Num(String millis)
        ? Math.min(most, Long.parseLong(millis))
        : Duration.between(clocks.wall().instant(), of(fact).until()).toMillis();
  }

  /**
   * A fact as it is written now. The servers' wall clocks may differ, so a measure travels with the
   * time that is left, and not only with its end.
   */
  public Json timed(Json fact) {
    if (!(fact instanceof Json.Obj fields) || !(fields.get("id") instanceof Json.Text(String id))) {
      return fact;
    }
    var timed = new LinkedHashMap<String, Json>(fields.fields());
    timed.put(LEFT, Json.of(measures.left(id, now())));
    return new Json.Obj(timed);
  }

  /** All measures in force, for a log of the cluster that is empty again. */
  public List<Measure> allForEmptyLog() {
    return measures.allForEmptyLog(now());
  }

  /** The measures whose last place in the log of the cluster is before a place, oldest first. */
  public List<Measure> publishedBefore(long place, int limit) {
    return measures.publishedBefore(place, limit, now());
  }

  private void take(Measure measure, long left, long at) {
    if (!measures.add(measure, left, at, now())) {
      return;
    }
    Target target = measure.target();
    switch (measure.kind()) {
      case BAN -> {
        if (target != null && left > 0) {
          targets.disconnect(target, measure.words());
        }
      }
      case MUTE -> {
        // Takes effect when the client sends a message.
      }
      case CLOSURE -> {
        if (left > -LATE.toMillis()) {
          targets.removeFromRoom(String.valueOf(measure.room()), notice(measure), measure.words());
        }
      }
    }
  }

  /** The message to the members and listeners of a room that is closed. */
  public static Json notice(Measure closure) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("context", "room");
    fields.put("room", String.valueOf(closure.room()));
    fields.put("status", "closed");
    fields.put("reason", closure.reason());
    return Json.from(fields);
  }

  /** The subject of the fact that a measure is lifted; see {@link MeasurePublisher#tell}. */
  public static String subjectOfLift(String id) {
    return "lift " + id;
  }

  /**
   * Reads what {@link Measure#toJson} writes.
   *
   * @throws IllegalArgumentException if the JSON is not a measure
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
    throw new IllegalArgumentException("not a measure: " + json);
  }

  // --- measures against a client ---------------------------------------------------------------

  /**
   * The measure that forbids something to a client in a room, whatever the room's rule says.
   *
   * @param grant the grant of the client's token in that room, or null
   * @return the measure, or null if none does
   */
  public @Nullable Measure against(
      Connection who, String room, Permission what, @Nullable Grant grant) {
    if (measures.isEmpty()) {
      return null;
    }
    long now = now();
    Map<String, String> attributes = who.attributes();
    if (grant != null && !grant.identity().isEmpty()) {
      // The token's identity counts before the client is admitted by the token.
      var shown = new HashMap<>(attributes);
      shown.put(Grant.IDENTITY, grant.identity());
      attributes = shown;
    }
    // A persistent connection was checked for bans when it connected; an HTTP request was not.
    boolean mayBeBanned = what != Permission.SAY || who.transport() == Transport.WEB;
    Measure found =
        mayBeBanned && measures.hasBans()
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

  /** The ban of a connected client; null for none. */
  public @Nullable Measure ban(Connection who) {
    return measures.hasBans()
        ? measures.ban(who.id(), who.remoteAddress(), who.attributes(), now())
        : null;
  }

  /** The ban of an HTTP client; null for none. */
  public @Nullable Measure ban(Visitor visitor) {
    return measures.ban(
        visitor.id(),
        visitor.remoteAddress(),
        visitor.login() == null ? Map.of() : visitor.login().attributes(),
        now());
  }

  /** The closure of a room; null for none. */
  public @Nullable Measure closure(String room) {
    return measures.isEmpty() ? null : measures.closure(room, now());
  }
}
