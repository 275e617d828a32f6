package io.earshot.room;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides the order of a room's messages: this server alone, or a broker for all servers of a
 * cluster.
 *
 * <p>Owned by the room's event loop. Called once for each request, never once for each member.
 */
public interface RoomOrder {

  /** Whether other servers share the order. */
  boolean isShared();

  /** Whether a request is under way, so that the room has to stay. */
  boolean isBusy();

  /** How long to keep the room without members, in milliseconds. */
  long keptFor();

  /** The room is dropped. */
  void close();

  /**
   * Adds a member to the room.
   *
   * @param after the last message that the client knows of the room, or null
   * @param live runs on the connection's loop when the member is subscribed
   * @param take whether to take the member over if another server has it
   */
  void join(Member member, @Nullable Cursor after, Consumer<Room.Arrival> live, boolean take);

  /**
   * Removes a member from the room.
   *
   * @param count how many members the room had before
   * @param out runs on the connection's loop when the member has received all earlier messages
   */
  void leave(Member member, int count, Runnable out);

  /** Subscribes a listener; the parameters are those of {@link #join}. */
  void listen(Member member, @Nullable Cursor after, Consumer<Room.Arrival> live);

  /** Ends the subscription of a listener, unless it is a member. */
  void silence(Member member, Runnable out);

  /** A listener is added to its fan-out. */
  void listens(Member member);

  /** A member or listener is removed from its fan-out. */
  void forget(Member member);

  /** The client of a lost member resumed its session as another member. */
  void replaced(Member lost, Member back);

  /**
   * Assigns a message its place in the order and delivers it, unless it repeats an earlier one.
   *
   * @param from the id of the sender, as the message shows it
   * @param except the member that does not receive the message, or null
   * @param told receives the place or the refusal
   */
  void say(
      Json from, @Nullable Member except, Room.SayRequest saying, Consumer<Room.SayResult> told);

  /**
   * As {@link #say}, for a sender that may not be a member here: the member with its id, on any
   * server, does not receive the message.
   *
   * @param ifThere whether to publish the message only if the room exists already
   */
  void sayAs(Json from, Room.SayRequest saying, boolean ifThere, Consumer<Room.SayResult> told);

  /** Runs a task when this server knows all messages up to a cursor, and up to the end. */
  void whenKnown(@Nullable Cursor cursor, Runnable task);
}
