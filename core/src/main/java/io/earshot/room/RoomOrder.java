package io.earshot.room;

import io.earshot.RefusedException;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Signal;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.spi.SaySpan;
import io.earshot.spi.SayTracer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Decides the order of a room's messages: this server alone, or a broker for all servers of a
 * cluster.
 *
 * <p>Owned by the room's event loop. Called once for each request, never once for each member.
 */
public interface RoomOrder {

  /**
   * A sender's request to publish a message.
   *
   * @param user the user of the sender; null for none
   * @param audience the members that receive it; null for all
   * @param namer the sender to which {@code messageId} belongs
   * @param messageId the client's id of the message, which is published once however often the
   *     client repeats it; or null
   * @param words the message as the client sent it; identifies a repeat even if a hook changed the
   *     message
   * @param isClients whether a client sends it, rather than server code
   */
  record SayRequest(
      Json message,
      @Nullable User user,
      @Nullable Audience audience,
      String namer,
      @Nullable Json messageId,
      Json words,
      boolean isClients) {

    /** The length of a random UUID without dashes: such an id is unique, and cannot be guessed. */
    private static final int UNIQUE = 32;

    /**
     * Whether an id of a message is unique among all clients. A client that lost its connection may
     * use such an id again on another connection, without a session.
     */
    public static boolean isUnique(@Nullable Json messageId) {
      return messageId instanceof Json.Text(String name) && name.length() >= UNIQUE;
    }

    /** A text that is the same for a message and its repeats; null for a message without an id. */
    public @Nullable String repeatKey() {
      return messageId == null
          ? null
          : namer
              + ":"
              + new String(messageId.encode(), StandardCharsets.UTF_8)
              + ":"
              + Integer.toHexString(Arrays.hashCode(words.encode()));
    }
  }

  /**
   * The result of a {@link SayRequest}.
   *
   * @param place the place of the message in the room's order; null if it has none
   * @param refusal why the message was not published, as an error for the client; null if it was
   */
  record SayResult(@Nullable Cursor place, @Nullable String refusal) {

    /** Completes a future with this result. */
    public void tell(CompletableFuture<Void> told) {
      if (refusal == null) {
        told.complete(null);
      } else {
        told.completeExceptionally(new RefusedException(refusal));
      }
    }

    /** Completes a future with the place. */
    public void place(CompletableFuture<Cursor> told) {
      if (place != null) {
        told.complete(place);
      } else {
        told.completeExceptionally(new RefusedException(String.valueOf(refusal)));
      }
    }
  }

  /**
   * Receives the result of a say that has a span.
   *
   * @param told receives it, too
   */
  record TracedSay(SaySpan span, Consumer<SayResult> told) implements Consumer<SayResult> {

    /** A receiver with a span, if there is a tracer; else {@code told} itself. */
    public static Consumer<SayResult> of(
        @Nullable SayTracer tracer,
        String room,
        @Nullable String parent,
        Consumer<SayResult> told) {
      return tracer == null ? told : new TracedSay(tracer.begin(room, parent), told);
    }

    /** The span of a receiver; null if it has none. */
    public static @Nullable SaySpan span(Consumer<SayResult> told) {
      return told instanceof TracedSay traced ? traced.span : null;
    }

    /** A receiver around another one, with the same span. */
    public static Consumer<SayResult> around(
        Consumer<SayResult> told, UnaryOperator<Consumer<SayResult>> more) {
      return told instanceof TracedSay(SaySpan span, Consumer<SayResult> inner)
          ? new TracedSay(span, more.apply(inner))
          : more.apply(told);
    }

    /** The room has given the message its place, or not. */
    static void ordered(@Nullable SaySpan span, SayResult result) {
      if (span != null) {
        span.ordered(result.place() == null ? -1 : result.place().offset());
      }
    }

    @Override
    public void accept(SayResult result) {
      told.accept(result);
      span.ended(result.refusal());
    }
  }

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
   * @param start where the messages begin that the client receives
   * @param live runs on the connection's loop when the member is subscribed
   * @param take whether to take the member over if another server has it
   */
  void join(Member member, Start start, Consumer<Room.Arrival> live, boolean take);

  /**
   * Removes a member from the room.
   *
   * @param count how many members the room had before
   * @param out runs on the connection's loop when the member has received all earlier messages
   */
  void leave(Member member, int count, Runnable out);

  /**
   * Makes a member another user's. For the room, the member of the former user leaves, and one of
   * the new user joins; the member misses no message.
   *
   * @param user the new user; null for none
   */
  void identify(Member member, @Nullable User user);

  /** Subscribes a listener; the parameters are those of {@link #join}. */
  void listen(Member member, Start start, Consumer<Room.Arrival> live);

  /** Ends the subscription of a listener, unless it is a member. */
  void silence(Member member, Runnable out);

  /**
   * Runs a task when no request to add a member is under way. Before that, another server must not
   * take the member over: the late request would take it back.
   */
  void whenEntered(Member member, Runnable task);

  /** A listener is added to its fan-out. */
  void listens(Member member);

  /** A member or listener is removed from its fan-out, or will not be added to it. */
  void forget(Member member);

  /**
   * Answers a member whose client knows later messages than this server, which will reach them;
   * then it subscribes the member.
   *
   * @param known the last message that the client knows; null if the client does not say it now
   * @param recovered as the answer says it
   * @param live runs on the connection's loop with the answer
   * @return whether the member is held back so; otherwise it is to be subscribed now
   */
  boolean holdsBack(
      Member member,
      @Nullable Cursor known,
      @Nullable Boolean recovered,
      Consumer<Room.Arrival> live);

  /** The client of a lost member resumed its session as another member. */
  void replaced(Member lost, Member back);

  /**
   * Assigns a message its place in the order and delivers it, unless it repeats an earlier one.
   *
   * @param from the id of the sender, as the message shows it
   * @param except the member that does not receive the message, or null
   * @param told receives the place or the refusal
   */
  void say(Json from, @Nullable Member except, SayRequest saying, Consumer<SayResult> told);

  /**
   * As {@link #say}, for a sender that may not be a member here: the member with its id, on any
   * server, does not receive the message.
   */
  void sayAs(Json from, SayRequest saying, Consumer<SayResult> told);

  /** Sends a signal to the other servers of a cluster. */
  void signal(Signal signal);

  /** Runs a task when this server knows all messages up to a cursor, and up to the end. */
  void whenKnown(@Nullable Cursor cursor, Runnable task);
}
