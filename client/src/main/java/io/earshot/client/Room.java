package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A room that a client is a member of, or listens to.
 *
 * <p>Thread-safe. Methods that do not end in {@code Async} block, which is cheap on virtual
 * threads; they throw an {@link EarshotException} if the server refuses, or does not answer in
 * time.
 */
public final class Room {
  private final Rooms rooms;
  private final Requests requests;
  private final RoomState state;

  Room(Rooms rooms, Requests requests, RoomState state) {
    this.rooms = rooms;
    this.requests = requests;
    this.state = state;
  }

  /**
   * The room's name.
   *
   * @return its name
   */
  public String name() {
    return state.name;
  }

  /**
   * The events of the room from now on, in order.
   *
   * @return the events. Each subscriber is called on virtual threads, for one event at a time; for
   *     a subscriber that is more than 1,024 events behind, an {@link Event.Gap} replaces those
   *     that do not fit
   */
  public Flow.Publisher<Event> events() {
    return state.events;
  }

  /**
   * Calls a handler for every message from now on, in order, on a virtual thread.
   *
   * @param handler the handler, which may block
   * @return the subscription, which ends when it is closed
   */
  public Subscription onMessage(Consumer<Event.Message> handler) {
    return onEvent(
        event -> {
          if (event instanceof Event.Message message) {
            handler.accept(message);
          }
        });
  }

  /**
   * Calls a handler for every event from now on, in order, on a virtual thread.
   *
   * @param handler the handler, which may block
   * @return the subscription, which ends when it is closed
   */
  public Subscription onEvent(Consumer<Event> handler) {
    var subscription = new Subscription(handler);
    state.events.subscribe(subscription);
    return subscription;
  }

  /**
   * Sends a message to all others in the room, and waits until the server has accepted it.
   *
   * @param message a text, or another value of JSON: a number, a boolean, a list, a map, a {@link
   *     Json}
   * @return the message's position in the room's order
   * @throws EarshotException if the server refuses the message, or does not answer in time
   */
  public Cursor say(Object message) {
    return Futures.await(sayAsync(message));
  }

  /**
   * Sends a message to all others in the room. While the connection is lost the message waits. If
   * the connection is lost before the answer, the client sends the message again, and the server
   * delivers it once.
   *
   * @param message the message, as for {@link #say}
   * @return the message's position in the room's order, once the server has accepted it
   */
  public CompletionStage<Cursor> sayAsync(Object message) {
    return requests.say(state.name, message, null, null);
  }

  /**
   * Sends a message to the members and listeners whose attribute has a certain value.
   *
   * @param message the message, as for {@link #say}
   * @param key the name of the attribute, or {@code id}
   * @param value the value
   * @return the message's position in the room's order, once the server has accepted it
   */
  public CompletionStage<Cursor> sayAsync(Object message, String key, String value) {
    return requests.say(state.name, message, key, value);
  }

  /**
   * Asks the server for the members of the room.
   *
   * @return the room's status
   * @throws EarshotException if the server refuses, or does not answer in time
   */
  public RoomStatus members() {
    return Futures.await(membersAsync());
  }

  /**
   * Asks the server for the members of the room, without blocking.
   *
   * @return the room's status
   */
  public CompletionStage<RoomStatus> membersAsync() {
    return requests.members(state.name);
  }

  /**
   * Leaves the room, and stops listening to it. The default room cannot be left.
   *
   * @throws EarshotException if this is the default room, or if the server does not answer in time
   */
  public void leave() {
    Futures.await(leaveAsync());
  }

  /**
   * Leaves the room, without blocking.
   *
   * @return completed when the server has answered
   */
  public CompletionStage<@Nullable Void> leaveAsync() {
    return rooms.leave(state);
  }

  @Override
  public String toString() {
    return state.name;
  }
}
