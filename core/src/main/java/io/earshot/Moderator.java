package io.earshot;

import io.earshot.protocol.Json;
import io.earshot.protocol.RoomName;
import io.earshot.spi.Visitor;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Moderation} says, done.
 */
final class Moderator implements Moderation {
  private static final System.Logger LOG = System.getLogger(Moderation.class.getName());

  /** Whoever learns so late that a room was closed, and is open again, sends nobody out of it. */
  private static final Duration LATE = Duration.ofMinutes(1);

  /** So many connections are looked at in one turn of a loop. */
  private static final int AT_ONCE = 1_000;

  private final Earshot earshot;
  private final int most;
  private final Measures measures;

  Moderator(Earshot earshot) {
    this.earshot = earshot;
    this.most = earshot.config().admin().measures();
    this.measures = new Measures(most);
  }

  @Override
  // --- what is decided -------------------------------------------------------------------------

    public CompletionStage<Boolean> kick(String id, String reason) {
    return earshot.api().kick(id, checked(reason));
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
    if (room.equals(earshot.config().general().defaultChatRoom())) {
      throw new IllegalArgumentException("the default room cannot be closed: it is where all go");
    }
    return order(
        Measure.Kind.CLOSURE, null, named(room), time.isZero() ? time : checked(time), reason);
  }

  @Override
  public CompletionStage<Boolean> lift(String id) {
    boolean held = measures.lift(id, now()) != null;
    Cluster cluster = earshot.cluster();
    return held && cluster != null
        ? cluster
            .ledger()
            .tell(Ledger.lifting(id), Json.from(Map.of("lift", id)))
            .thenApply(_ -> true)
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
    return Instant.ofEpochMilli(earshot.now());
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
    var measure =
        new Measure(earshot.randomName(), kind, target, room, checked(reason), now().plus(time));
    if (measures.isFull(now())) {
      return CompletableFuture.failedStage(
          new RefusedException(
              "Error: "
                  + most
                  + " bans, mutes and closures hold (admin.measures); lift some, or ban a range"));
    }
    take(measure, 0);
    Cluster cluster = earshot.cluster();
    return cluster == null
        ? CompletableFuture.completedStage(measure)
        : cluster.ledger().tell(measure.id(), measure.toJson()).thenApply(_ -> measure);
  }

  // --- what is known ---------------------------------------------------------------------------

  /** Takes in what a server of the cluster told at a place of the log, this one included. */
  void learn(Json fact, long at) {
    try {
      if (fact instanceof Json.Obj fields && fields.get("lift") instanceof Json.Text(String id)) {
        var _ = measures.lift(id, now());
      } else {
        take(Measure.of(fact), at);
      }
    } catch (IllegalArgumentException e) {
      // Not from a server of this version.
      LOG.log(Level.DEBUG, "a measure that makes no sense", e);
    }
  }

  List<Measure> untold() {
    return measures.untold(now());
  }

  List<Measure> toldBefore(long place, int limit) {
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
          forEach(
              measure,
              (who, ban) -> {
                if (Against.isMeant(who, target)) {
                  who.expel(ban.words());
                }
              });
        }
      }
      case MUTE -> {
        // Found out when they speak.
      }
      case CLOSURE -> {
        if (now().isBefore(measure.until().plus(LATE))) {
          forEach(measure, Moderation::putOut);
        }
      }
    }
  }

  private static void putOut(Participant who, Measure closure) {
    who.putOut(String.valueOf(closure.room()), closure.notice(), closure.words());
  }

  /** Does something with each connection, on its loop, without keeping the loop for long. */
  private void forEach(Measure measure, BiConsumer<Participant, Measure> task) {
    List<Participant> all = earshot.connections().all();
    for (Shard shard : earshot.rooms().shards()) {
      shard.tell(() -> some(shard, all, 0, measure, task));
    }
  }

  private static void some(
      Shard shard,
      List<Participant> all,
      int from,
      Measure measure,
      BiConsumer<Participant, Measure> task) {
    int to = Math.min(all.size(), from + AT_ONCE);
    for (Participant who : all.subList(from, to)) {
      if (who.shard() == shard) {
        task.accept(who, measure);
      }
    }
    if (to < all.size()) {
      shard.later(() -> some(shard, all, to, measure, task));
    }
  }

  // --- whom it concerns ------------------------------------------------------------------------

  /** Why somebody may not do something in a room whatever its rule says; null if they may. */
  @Nullable String refusal(Participant who, String room, Permission what, @Nullable Grant grant) {
    if (measures.isEmpty()) {
      return null;
    }
    Instant now = now();
    Map<String, String> attributes = who.attributes();
    if (grant != null && !grant.identity().isEmpty()) {
      // What the token says of them is true of them, also before they are let in by it.
      var shown = new HashMap<>(attributes);
      shown.put(Gate.IDENTITY, grant.identity());
      attributes = shown;
    }
    // Who is connected is not banned; of those who come for one request nobody has looked.
    boolean isNew = what != Permission.SAY || who.transport() == Transport.WEB;
    Measure found = isNew ? measures.ban(who, attributes, now) : null;
    if (found != null && grant != null) {
      // Whose token says that they are banned is sent away, as somebody is of whom it is said.
      String words = found.words();
      who.shard().later(() -> who.expel(words));
    }
    if (found == null) {
      found = measures.closure(room, now);
    }
    if (found == null && what == Permission.SAY) {
      found = measures.mute(who, attributes, room, now);
    }
    return found == null ? null : found.words();
  }

  /** Something was said of a client that may make it one of those who are banned. */
  void look(Participant who) {
    Measure ban = measures.ban(who, now());
    if (ban != null) {
      // Later: who is being let in is told so, and not let in first.
      who.shard().later(() -> who.expel(ban.words()));
    }
  }

  /** Somebody has places that they did not ask for now: out of those that are closed they go. */
  void lookAtRooms(Participant who) {
    if (!measures.isEmpty()) {
      for (Member member : who.members()) {
        Measure closure = measures.closure(member.room, now());
        if (closure != null) {
          putOut(who, closure);
        }
      }
    }
  }

  /** Why somebody may not ask anything over HTTP; null if they may. */
  @Nullable String refusal(Visitor visitor) {
    if (measures.isEmpty()) {
      return null;
    }
    Shard anywhere = earshot.rooms().shard(visitor.room());
    Measure ban = measures.ban(new WebConnection(anywhere, visitor, null), now());
    return ban == null ? null : ban.words();
  }
}
