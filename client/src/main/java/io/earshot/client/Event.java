package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.nio.charset.StandardCharsets;

/** Something that happened in a room. Immutable. */
public sealed interface Event {

  /**
   * A message was sent to the room.
   *
   * @param message the message
   * @param from the id of the sender, or the name of the server
   * @param sentAt when the server received it, in milliseconds since 1970
   * @param place its position in the room's order
   */
  record Message(Json message, String from, long sentAt, Cursor place) implements Event {

    /**
     * The message as text.
     *
     * @return the message itself if it is a text, else its JSON
     */
    public String text() {
      return message instanceof Json.Text(String text)
          ? text
          : new String(message.encode(), StandardCharsets.UTF_8);
    }
  }

  /**
   * A member joined the room.
   *
   * @param id the id of the member
   */
  record Joined(String id) implements Event {}

  /**
   * A member left the room.
   *
   * @param id the id of the member
   */
  record Left(String id) implements Event {}

  /**
   * Messages are missing: the server left them out since this client was too slow, or this
   * subscriber was.
   *
   * @param from the offset of the first message that may be missing
   * @param to the offset of the last one
   */
  record Gap(long from, long to) implements Event {}

  /**
   * The connection was lost, and is open again.
   *
   * @param recovered whether all messages that were missed follow; if not, some may be missing
   */
  record Resumed(boolean recovered) implements Event {}

  /**
   * The client is no longer in the room: its token has expired, or the server closed the room to
   * it.
   *
   * @param reason why
   */
  record Expelled(String reason) implements Event {}
}
