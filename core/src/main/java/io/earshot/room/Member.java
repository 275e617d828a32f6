package io.earshot.room;

import io.earshot.config.RoomRule;
import org.jspecify.annotations.Nullable;

/**
 * The membership of one connection in one room, as a member, a listener, or both: the state that
 * the room and its fan-outs keep for the connection.
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

  /** The offset after which the member receives messages or, while away, misses them. */
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

  /** Whether the member waits for the broker's answer to its join. */
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

  /** Ends the wait for the broker, whatever the broker answered. */
  public void finishEntering() {
    comesIn = false;
  }

  /** Whether the broker's list of members contains this one, as far as this server knows. */
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

  /** Takes over the state of the same client's lost membership, which then is in no room. */
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
