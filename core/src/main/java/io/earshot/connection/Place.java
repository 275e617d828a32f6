package io.earshot.connection;

import io.earshot.Grant;
import io.earshot.hook.RoomHooks;
import io.earshot.room.Member;
import java.time.Instant;
import java.util.EnumSet;
import org.jspecify.annotations.Nullable;

/**
 * One connection's place in one room: what the connection knows of it, beside what the room does.
 *
 * <p>Owned by the connection's event loop.
 */
public final class Place extends Member {

  /**
   * What the token allows by which it is here; null without one. Written on the connection's loop.
   */
  public volatile @Nullable Grant grant;

  /** Whether the connection is in the room, or will be when what it asked for is done. */
  public boolean in;

  /** When somebody looks next whether its token holds; null if nobody does. */
  @Nullable Watch watch;

  /** Whether it listens to the room, or will. */
  public boolean listening;

  /** The hooks that are about it. */
  RoomHooks hooks = RoomHooks.NONE;

  /**
   * When a token is looked at.
   *
   * @param next when, in milliseconds
   * @param warnedOf the grant of whose end the client was warned, or null
   */
  record Watch(long next, @Nullable Grant warnedOf) {}

  public Place(Participant who, String room) {
    super(who, room, who.engine().rule(room));
  }

  /** Whose it is. */
  public Participant who() {
    return (Participant) connection;
  }

  /** What somebody has who has both grants, for as long as both hold. */
  static Grant both(Grant before, Grant more) {
    var allowed = EnumSet.copyOf(before.allowed());
    allowed.addAll(more.allowed());
    Instant sooner = before.until().isBefore(more.until()) ? before.until() : more.until();
    return new Grant(before.rooms(), more.identity(), allowed, sooner);
  }
}
