package io.earshot.client;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.nio.charset.StandardCharsets;

/** What is heard in a room. Immutable. */
public sealed interface Event {

  /**
   * Somebody said something.
   *
   * @param message what
   * @param from the id of who said it, or the name of the server
   * @param sentAt when, in milliseconds since 1970
   * @param place where in the room's order
   */
  record Message(Json message, String from, long sentAt, Cursor place) implements Event {

    /**
     * What was said, as text.
     *
     * @return the message if it is a text, else its JSON
     */
    public String text() {
      return message instanceof Json.Text(String text)
          ? text
          : new String(message.encode(), StandardCharsets.UTF_8);
    }
  }

  /**
   * Somebody has come in.
   *
   * @param id who
   */
  record Joined(String id) implements Event {}

  /**
   * Somebody has gone.
   *
   * @param id who
   */
  record Left(String id) implements Event {}

  /**
   * Some messages are missing: the server left them out, or who reads these events did not keep up.
   *
   * @param from the offset of the first that may be missing
   * @param to the offset of the last
   */
  record Gap(long from, long to) implements Event {}

  /**
   * The connection was lost, and is there again.
   *
   * @param recovered whether everything that was missed follows; if not, something may be missing
   */
  record Resumed(boolean recovered) implements Event {}

  /**
   * One is in the room no longer, since the token by which one was let in has ended, or since the
   * server closed it.
   *
   * @param reason why
   */
  record Expelled(String reason) implements Event {}
}
