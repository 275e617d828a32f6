package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Something that happened in a room. Immutable. */
public sealed interface Event {

  /**
   * A message was sent to the room.
   *
   * @param message the message
   * @param from the id of the sender, or the name of the server
   * @param user the user of the sender, which the server sets; null if it has not logged in
   * @param sentAt when the server received it, in milliseconds since 1970
   * @param place its position in the room's order, after which the program may start the next time
   * @param mapper the mapper of the client, for {@link #as}; null if it has none
   */
  record Message(
      Json message,
      String from,
      @Nullable User user,
      long sentAt,
      Cursor place,
      @Nullable Mapper mapper)
      implements Event {

    /**
     * The message as text.
     *
     * @return the message itself if it is a text, else its JSON
     */
    public String text() {
      return message instanceof Json.Text text
          ? text.value()
          : new String(message.encode(), StandardCharsets.UTF_8);
    }

    /**
     * The message as a value of a type of the program.
     *
     * @param type the type
     * @param <T> the type
     * @return what the mapper reads from the message
     * @throws EarshotException if the client has no mapper, or the mapper cannot read the message
     */
    public <T> T as(Class<T> type) {
      return JsonValues.as(message, type, mapper);
    }
  }

  /**
   * A signal was sent to the room: a message that is not kept. A subscriber that is behind gets
   * none.
   *
   * @param signal the content
   * @param kind what it is about; null if the sender does not say so
   * @param from the id of the sender, or the name of the server
   * @param user the user of the sender; null if it has not logged in
   * @param mapper the mapper of the client, for {@link #as}; null if it has none
   */
  record Signal(
      Json signal, @Nullable String kind, String from, @Nullable User user, @Nullable Mapper mapper)
      implements Event {

    /**
     * The content as a value of a type of the program.
     *
     * @param type the type
     * @param <T> the type
     * @return what the mapper reads from the content
     * @throws EarshotException if the client has no mapper, or the mapper cannot read the content
     */
    public <T> T as(Class<T> type) {
      return JsonValues.as(signal, type, mapper);
    }
  }

  /**
   * A member joined the room: of a user, the first connection.
   *
   * @param id the id of the member
   * @param user the user; null if the member has not logged in
   */
  record Joined(String id, @Nullable User user) implements Event {}

  /**
   * A member left the room: of a user, the last connection.
   *
   * @param id the id of the member
   * @param user the user; null if the member has not logged in
   */
  record Left(String id, @Nullable User user) implements Event {}

  /**
   * Messages are missing: the server left them out since this client was too slow, or this
   * subscriber was.
   *
   * @param from the offset of the first message that may be missing
   * @param to the offset of the last one
   */
  record Gap(long from, long to) implements Event {}

  /**
   * The connection was lost, and is open again; or the client has entered the room after a position
   * that the program gave.
   *
   * @param recovered whether all messages that were missed follow; if not, some may be missing
   */
  record Resumed(boolean recovered) implements Event {}

  /**
   * The client is no longer in the room: its token has expired, the server closed the room to it,
   * server code has ended the membership, or the room refused the client after a reconnect. In the
   * last case the client tries again first: after each action of the program, and by itself until
   * the patience of the client is over.
   *
   * @param reason why
   */
  record Expelled(String reason) implements Event {}
}
