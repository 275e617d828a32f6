package io.earshot.room;

import io.earshot.config.RoomRule;
import org.jspecify.annotations.Nullable;

/**
 * One connection's place in one room, as a member, a listener, or both: what the room and its
 * fan-outs know of the connection.
 *
 * <p>Owned in two halves: the first by the room's event loop, the second by the connection's.
 * Neither loop reads the other's half.
 */
public abstract class Member {
  public final Subscriber connection;
  public final String room;

  /** The rule of the room. */
  public final RoomRule rule;

  // Owned by the room's event loop.

  boolean joined;
  boolean listens;
  boolean hears;
  private boolean comesIn;
  private boolean takes;
  private boolean isListed;
  private boolean isForgotten;

  /** Whether the connection was lost, and the room keeps the place for its session. */
  boolean away;

  /** The offset after which the member hears the room or, while away, misses messages. */
  long since;

  /** The member's index in the {@link Roster}. */
  int rank;

  // Owned by the connection's event loop.

  /** The messages left out while the connection does not read; null while it keeps up. */
  public @Nullable Lag lag;

  /** The member's index in its {@link Fanout}. */
  int index;

  /** The last batch of the fan-out that the member does not get as a whole. */
  long oddBatch;

  /** Where in that batch the member's part begins. */
  int from;

  public Member(Subscriber connection, String room, RoomRule rule) {
    this.connection = connection;
    this.room = room;
    this.rule = rule;
  }

  /** Whether the connection is in the room. */
  public boolean joined() {
    return joined;
  }

  /** Whether the connection listens to the room. */
  public boolean listens() {
    return listens;
  }

  /** Listens to the room from now on. */
  public void startListening() {
    listens = true;
  }

  /** Whether the member is in a fan-out, or on its way there. */
  public boolean hears() {
    return hears;
  }

  /** Whether the member waits for a broker to let it in; it is answered once it hears the room. */
  boolean comesIn() {
    return comesIn;
  }

  /** Whether the member is taken over if another server has it. */
  public boolean takes() {
    return takes;
  }

  /**
   * Waits for the broker from now on.
   *
   * @param take whether the member is taken over if another server has it
   */
  public void startEntering(boolean take) {
    takes = take;
    comesIn = true;
  }

  /** Waits for the broker no longer, whatever it answered. */
  public void finishEntering() {
    comesIn = false;
  }

  /** Whether the broker's list of members has this one, as far as this server knows. */
  public boolean isListed() {
    return isListed;
  }

  /** Whether the broker lost that list after the member was in it. */
  public boolean isForgotten() {
    return isForgotten;
  }

  /** The broker's list has the member now. */
  public void setListed() {
    isListed = true;
    isForgotten = false;
    takes = false;
  }

  /** The broker lost its list. */
  public void forgetListing() {
    isForgotten = isListed;
  }

  /** Takes the state of the same client's lost place, which is in the room no longer. */
  void takeOver(Member lost) {
    joined = lost.joined;
    listens = lost.listens;
    isListed = lost.isListed;
    isForgotten = lost.isForgotten;
    takes = lost.takes;
    lost.joined = false;
    lost.listens = false;
  }
}
