package io.earshot.room;

import io.earshot.config.RoomRule;
import org.jspecify.annotations.Nullable;

/**
 * One connection's place in one room, as a member, a listener, or both: what the room and its
 * fan-outs know of it.
 *
 * <p>Owned in two halves, and neither loop reads the other's: the first by the room's event loop,
 * the second by the connection's.
 */
public abstract class Member {
  public final Subscriber connection;
  public final String room;

  /** What holds in the room. */
  public final RoomRule rule;

  // Owned by the room's event loop.
  public boolean joined;
  public boolean listens;

  /** Whether it is in a fan-out, or on its way there. */
  public boolean hears;

  /** Whether it was lost, and is waited for. */
  boolean away;

  /** From where on it hears, or, while it is away, has missed. */
  long since;

  /** Whether it is on its way in, and will be answered when it hears. */
  public boolean comesIn;

  /** Whether the other servers know that it is in the room, as far as is known here. */
  public boolean isListed;

  /** Whether they have forgotten it since. */
  public boolean isForgotten;

  /** Whether it is taken over from another server when it comes in. */
  public boolean takes;

  /** Where it stands among those who joined. */
  int rank;

  // Owned by the connection's event loop.

  /** What was left out for it since it did not keep up; null while it does. */
  public @Nullable Lag lag;

  /** Where it stands in the fan-out. */
  int index;

  /** The last batch of the fan-out that this member is not to get as a whole. */
  long oddBatch;

  /** Where in that batch its part begins. */
  int from;

  public Member(Subscriber connection, String room, RoomRule rule) {
    this.connection = connection;
    this.room = room;
    this.rule = rule;
  }
}
