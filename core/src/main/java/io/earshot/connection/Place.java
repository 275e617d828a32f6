package io.earshot.connection;

import io.earshot.FeedEvent;
import io.earshot.Grant;
import io.earshot.events.EventKind;
import io.earshot.hook.RoomHooks;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.room.Member;
import io.earshot.room.RoomOrder;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The connection's half of a membership: the state that the connection's loop keeps, in addition to
 * the state of the room's loop in {@link Member}.
 *
 * <p>Owned by the connection's event loop.
 */
public final class Place extends Member {

  /**
   * The grant by which the connection is here; null without a token. Written on the connection's
   * loop.
   */
  public volatile @Nullable Grant grant;

  /** Whether the connection is a member of the room, or its request to join is under way. */
  public boolean in;

  /** The next check of the grant; null if none is scheduled. */
  @Nullable Watch watch;

  /** Whether the connection listens to the room, or its request to listen is under way. */
  public boolean listening;

  /** Whether a hook has chosen the room as the client connected. */
  public boolean isByHook;

  /** The hooks that are about the room. */
  RoomHooks hooks = RoomHooks.NONE;

  /** How often the connection has begun to join. */
  private int joins;

  /** The number of the join of which consumers of the feed are to be told; 0 for none. */
  private int untoldJoin;

  /**
   * A scheduled check of a grant.
   *
   * @param next when, in milliseconds since 1970
   * @param warnedOf the grant whose expiry the client was warned of, or null
   */
  record Watch(long next, @Nullable Grant warnedOf) {}

  public Place(Participant who, String room) {
    super(who, room, who.engine().rule(room));
  }

  /** Whether messages to the room may come from here: all but the inboxes of users need members. */
  public boolean mayBeSpokenIn() {
    return in || rule.isInbox();
  }

  /** The connection whose place this is. */
  public Participant who() {
    return (Participant) connection;
  }

  /**
   * Sends a message to the room, without asking rules or hooks.
   *
   * @param words the message as the client sent it, before hooks changed it
   * @param messageId the client's own id for the message, which identifies a repetition
   * @param isClients whether the message is the client's, rather than server code's
   * @param told called on the connection's loop with the message's place in the room's order
   */
  void say(
      Json message,
      Json words,
      @Nullable Audience audience,
      @Nullable Json messageId,
      boolean isClients,
      Consumer<RoomOrder.SayResult> told) {
    // The id of the connection is formatted only where it is needed, since that is expensive.
    String namer =
        messageId == null || RoomOrder.SayRequest.isUnique(messageId) ? "" : connection.id();
    who()
        .engine()
        .rooms()
        .shard(room)
        .say(
            this,
            new RoomOrder.SayRequest(
                message, who().user(), audience, namer, messageId, words, isClients),
            told);
  }

  // --- what consumers of the feed are told ------------------------------------------------------

  /** The connection begins to join; returns the number of the join. */
  int beginJoin() {
    untoldJoin = ++joins;
    return untoldJoin;
  }

  /** The join with a number has succeeded; nothing happens if that was told. */
  void tellJoined(int number) {
    if (untoldJoin == number) {
      tellJoined();
    }
  }

  /**
   * The connection has joined, or is about to and goes at once; nothing happens if that was told.
   */
  public void tellJoined() {
    if (untoldJoin != 0) {
      untoldJoin = 0;
      tell(FeedEvent.Type.JOINED);
    }
  }

  /** The connection leaves. */
  void tellLeft() {
    tellJoined();
    tell(FeedEvent.Type.LEFT);
  }

  private void tell(FeedEvent.Type what) {
    who().engine().rooms().shard(room).feed().client(what, room, who(), Map.of());
  }

  /** Remembers why a request of this client in the room was refused. */
  public void recordRefusal(EventKind kind, String why) {
    who().shard().recorder().refused(kind, who(), room, why);
  }

  /** A grant that allows what either of two grants allows, until the first of them expires. */
  static Grant both(Grant before, Grant more) {
    var allowed = EnumSet.copyOf(before.allowed());
    allowed.addAll(more.allowed());
    Instant sooner = before.until().isBefore(more.until()) ? before.until() : more.until();
    return new Grant(before.rooms(), more.identity(), allowed, sooner);
  }
}
