package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A room that a client is in, or listens to.
 *
 * <p>Thread-safe. Methods that do not end in {@code Async} wait, which virtual threads do well;
 * they fail with an {@link EarshotException} if the server refuses, or does not answer in time.
 */
public final class Room {
  private final Conversation conversation;
  private final Place place;

  Room(Conversation conversation, Place place) {
    this.conversation = conversation;
    this.place = place;
  }

  /**
   * The room's name.
   *
   * @return its name
   */
  public String name() {
    return place.name;
  }

  /**
   * What is heard in the room from now on, in order.
   *
   * @return the events. Each subscriber is told on threads of its own, one event at a time; one
   *     that does not keep up by more than 1,024 is told of a {@link Event.Gap} in their place
   */
  public Flow.Publisher<Event> events() {
    return place.events;
  }

  /**
   * Calls somebody for every message from now on, in order, on a virtual thread.
   *
   * @param hearer who is told; may block
   * @return what ends it when it is closed
   */
  public Subscription onMessage(Consumer<Event.Message> hearer) {
    return onEvent(
        event -> {
          if (event instanceof Event.Message message) {
            hearer.accept(message);
          }
        });
  }

  /**
   * Calls somebody for every event from now on, in order, on a virtual thread.
   *
   * @param hearer who is told; may block
   * @return what ends it when it is closed
   */
  public Subscription onEvent(Consumer<Event> hearer) {
    var subscription = new Subscription(hearer);
    place.events.subscribe(subscription);
    return subscription;
  }

  /**
   * Tells all others in the room.
   *
   * @param message a text, or what JSON can say: numbers, truth values, lists, maps, {@link Json}
   * @return where in the room's order it is
   */
  public Cursor say(Object message) {
    return Conversation.await(sayAsync(message));
  }

  /**
   * The same without waiting. While the connection is lost it waits, and is said when it is back;
   * however often it has to be said, it is told once.
   *
   * @param message what
   * @return where it is, once the server has said so
   */
  public CompletionStage<Cursor> sayAsync(Object message) {
    return conversation.say(place, message, null, null);
  }

  /**
   * Tells those in the room who have an attribute.
   *
   * @param message what
   * @param key the attribute, or {@code id}
   * @param value its value
   * @return where it is, once the server has said so
   */
  public CompletionStage<Cursor> sayAsync(Object message, String key, String value) {
    return conversation.say(place, message, key, value);
  }

  /**
   * Asks who is in the room.
   *
   * @return its members
   */
  public RoomStatus members() {
    return Conversation.await(membersAsync());
  }

  /**
   * The same without waiting.
   *
   * @return its members
   */
  public CompletionStage<RoomStatus> membersAsync() {
    return conversation.members(place);
  }

  /** Leaves the room, or listens to it no longer. The default room cannot be left. */
  public void leave() {
    Conversation.await(leaveAsync());
  }

  /**
   * The same without waiting.
   *
   * @return completed when it is left
   */
  public CompletionStage<@Nullable Void> leaveAsync() {
    return conversation.leave(place);
  }

  @Override
  public String toString() {
    return place.name;
  }
}
