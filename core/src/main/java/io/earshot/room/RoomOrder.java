package io.earshot.room;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Who says what comes next in a room: this server alone, or all of a cluster.
 *
 * <p>Owned by the room's event loop. Asked once for whatever comes in, and never once for each
 * member.
 */
public interface RoomOrder {

  /** Whether other servers have part in it. */
  boolean isShared();

  /** Whether something is under way, so that the room is needed. */
  boolean isBusy();

  /** How long to remember the room when nobody is in it, in milliseconds. */
  long keptFor();

  /** The room is forgotten. */
  void close();

  /**
   * Somebody comes in.
   *
   * @param after what they know of the room already, or null
   * @param live run on their loop once they hear all that is told
   * @param take whether they are taken over from another server, if they are there
   */
  void join(Member member, @Nullable Cursor after, Consumer<Room.Arrival> live, boolean take);

  /** Somebody is in the room no more; there were so many with them. */
  void leave(Member member, int count, Runnable out);

  void listen(Member member, @Nullable Cursor after, Consumer<Room.Arrival> live);

  /** Somebody listens no more. */
  void silence(Member member, Runnable out);

  /** Somebody of this server begins to hear, and listens. */
  void listens(Member member);

  /** Somebody of this server hears no more. */
  void forget(Member member);

  /** Somebody is another connection now. */
  void replaced(Member lost, Member back);

  void say(Json from, @Nullable Member except, Room.Saying saying, Consumer<Room.Spoken> told);

  /**
   * The same for somebody who may be a member.
   *
   * @param ifThere whether to say it only where somebody is, or was lately
   */
  void sayAsStranger(Json from, Room.Saying saying, boolean ifThere, Consumer<Room.Spoken> told);

  /** Runs something once the room knows all that was told, and what somebody knows. */
  void whenKnown(@Nullable Cursor cursor, Runnable task);
}
