package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
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
  private final Memberships memberships;
  private final Requests requests;
  private final Connection connection;
  private final RoomState state;
  private final boolean isJoined;
  private final AtomicBoolean hasLeft = new AtomicBoolean();

  Room(
      Memberships memberships,
      Requests requests,
      Connection connection,
      RoomState state,
      boolean isJoined) {
    this.memberships = memberships;
    this.requests = requests;
    this.connection = connection;
    this.state = state;
    this.isJoined = isJoined;
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
    return state.events.publisher();
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
    return state.events.subscribe(handler);
  }

  /**
   * Sends a message to all others in the room, and waits until the server has accepted it.
   *
   * @param message a text, or another value of JSON: a number, a boolean, a list, a map, a {@link
   *     Json}; any other object, such as a record, is written by the client's {@link Mapper}
   * @return the message's position in the room's order
   * @throws EarshotException if the server refuses the message, or does not answer in time; if the
   *     message needs a mapper and the client has none
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
   * Sends a signal to all others in the room: a message that is not kept and may be lost, such as
   * that somebody types. It does not wait: a newer signal of the same kind replaces an older one
   * that is not sent yet.
   *
   * @param signal the content, as for {@link #say}, of at most {@link
   *     io.earshot.protocol.Signal#LONGEST} bytes
   * @param kind what it is about, or null
   * @return whether the server has accepted it: false without a connection, or beyond its rate
   *     ({@code limits.signalsPerSecond}). Fails if the server refuses it for another reason
   */
  public CompletionStage<Boolean> signalAsync(Object signal, @Nullable String kind) {
    return requests.signal(state.name, signal, kind);
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
   * Who is in the room now, the client included. The first call on each connection to the server
   * asks it, and blocks; the list then follows the joins and leaves, and a call returns at once. In
   * a handler of an event, the list has that event already.
   *
   * <p>At most 1,000 users are listed. In a room so large that the server announces no joins and
   * leaves ({@code rooms.announcementsUpTo}), the list stays what it was at the first call.
   *
   * @return the users, each once however many connections there are, and the connections without a
   *     login; immutable
   * @throws EarshotException if the server refuses, or does not answer in time
   */
  public List<Present> present() {
    return Futures.await(presentAsync());
  }

  /**
   * Who is in the room now, without blocking.
   *
   * @return the list, as of {@link #present}
   */
  public CompletionStage<List<Present>> presentAsync() {
    return state.presence.list();
  }

  /**
   * The last position that the client has received. Events up to it may still wait for handlers: to
   * start after what a handler has processed, keep {@link Event.Message#place} instead.
   *
   * @return the position, for {@link io.earshot.protocol.Start#after}; null if there is none yet
   */
  public @Nullable Cursor cursor() {
    return connection.read(state.events::known);
  }

  /**
   * Messages of the room's history.
   *
   * @param messages the messages, the oldest first, those of the client included
   * @param more whether the room remembers earlier messages
   */
  public record Page(List<Event.Message> messages, boolean more) {
    /** Copies the list. */
    public Page {
      messages = List.copyOf(messages);
    }
  }

  /**
   * Asks the server for earlier messages of the room. Joins and leaves are no part of them.
   *
   * @param before the position before which the messages are, such as that of the first message of
   *     the page before; null for the newest messages
   * @param limit the largest number of messages, from 1 to 1000
   * @return the messages
   * @throws EarshotException if the server refuses, or does not answer in time
   */
  public Page history(@Nullable Cursor before, int limit) {
    return Futures.await(historyAsync(before, limit));
  }

  /**
   * Asks the server for earlier messages of the room, without blocking.
   *
   * @param before as for {@link #history}
   * @param limit as for {@link #history}
   * @return the messages
   */
  public CompletionStage<Page> historyAsync(@Nullable Cursor before, int limit) {
    return requests.history(state.name, before, limit);
  }

  /**
   * Leaves the room, or stops listening to it. If the program has joined it several times, this has
   * no effect until the last of them is left. The default room cannot be left.
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
    return hasLeft.getAndSet(true)
        ? CompletableFuture.completedFuture(null)
        : memberships.leave(state, isJoined);
  }

  @Override
  public String toString() {
    return state.name;
  }
}
