package io.earshot.room;

import io.earshot.config.RoomRule;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.User;
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

  private static final byte COMES_IN = 1;
  private static final byte TAKES = 2;

  // Owned by the room's event loop.

  boolean joined;
  boolean listens;

  /** Whether the connection receives messages and is to be a member, but is not one yet. */
  boolean isUnannounced;

  boolean hears;

  /** Whether the member {@link #COMES_IN} and {@link #TAKES}: in one field, as members are many. */
  private byte entering;

  /** The user that the room knows the member as; null for none, or while not joined. */
  @Nullable User user;

  /** The epoch of the broker's list that has this member, as far as this server knows; or null. */
  private @Nullable String listedIn;

  /** Whether the connection was lost, and the room keeps the place for its session. */
  boolean away;

  /** The offset after which the member receives messages while it is subscribed. */
  long since;

  /**
   * The place up to which the client was sent the room, as of when the member is not subscribed;
   * null where no such place is known.
   */
  @Nullable Cursor sentUpTo;

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

  /** Whether the connection is to receive messages of the room. */
  boolean receives() {
    return joined || listens || isUnannounced;
  }

  /** Whether the connection is in the room. */
  public boolean joined() {
    return joined;
  }

  /** Whether the connection listens to the room. */
  public boolean listens() {
    return listens;
  }

  /** The user that the room knows the member as; null for none. */
  public @Nullable User user() {
    return user;
  }

  /** Listens to the room from now on. */
  public void startListening() {
    listens = true;
  }

  /** Whether the member is in a fan-out, or on its way there. */
  public boolean hears() {
    return hears;
  }

  /**
   * Whether the connection is to receive messages, and is in no fan-out and not on its way there.
   */
  public boolean lacksSubscription() {
    return !hears && !away && receives();
  }

  /** Whether the member waits for the broker's answer to its join. */
  boolean comesIn() {
    return (entering & COMES_IN) != 0;
  }

  /** Whether the member is taken over if another server has it. */
  public boolean takes() {
    return (entering & TAKES) != 0;
  }

  /**
   * Waits for the broker from now on.
   *
   * @param take whether the member is taken over if another server has it
   */
  public void startEntering(boolean take) {
    entering = take ? COMES_IN | TAKES : COMES_IN;
  }

  /** Ends the wait for the broker, whatever the broker answered. */
  public void finishEntering() {
    entering &= ~COMES_IN;
  }

  /**
   * The epoch of the broker's list that contains this member, as far as this server knows; null if
   * it was in no list. A list ends with its epoch: the broker has lost it.
   */
  public @Nullable String listedIn() {
    return listedIn;
  }

  /** The broker has entered the member into the list of an epoch. */
  public void setListed(String epoch) {
    listedIn = epoch;
    entering &= ~TAKES;
  }

  /**
   * Continues a membership of another server.
   *
   * @param upTo the place up to which that server sent the client the room, or null
   * @param epoch the epoch of the list that has the member there, or null
   */
  public void continueFrom(@Nullable Cursor upTo, @Nullable String epoch) {
    sentUpTo = upTo;
    listedIn = epoch;
  }

  /**
   * The place up to which the client was sent the room.
   *
   * @param end what to give for a member that is subscribed, or of which no place is known
   */
  Cursor sentUpTo(Cursor end) {
    return hears || sentUpTo == null ? end : sentUpTo;
  }

  /**
   * The room's half of the membership at one moment.
   *
   * @param joined whether the connection is a member
   * @param listens whether it listens
   * @param hears whether it is subscribed
   * @param away whether its client was lost, and the room keeps its place
   * @param since the offset after which it receives messages, if it is subscribed
   */
  public record State(boolean joined, boolean listens, boolean hears, boolean away, long since) {}

  /** The state now; asked on the room's loop. */
  public State state() {
    return new State(joined || isUnannounced, listens, hears, away, since);
  }

  /** Takes over the state of the same client's lost membership, which then is in no room. */
  void takeOver(Member lost) {
    joined = lost.joined;
    listens = lost.listens;
    listedIn = lost.listedIn;
    user = lost.user;
    entering = (byte) ((entering & COMES_IN) | (lost.entering & TAKES));
    lost.joined = false;
    lost.listens = false;
  }
}
