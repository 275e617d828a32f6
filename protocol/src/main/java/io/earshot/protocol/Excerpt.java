package io.earshot.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A range of a room's messages, for a client that reads them.
 *
 * <p>Immutable.
 *
 * @param room the room's name
 * @param messages the messages, each as {@link RoomMessage#encode} writes it, the oldest first
 * @param next the cursor for the next request; null if the room has no order yet
 * @param recovered whether no message is missing since the cursor of the request; null if the
 *     request had none
 * @param history how many of the messages are earlier ones, which the request asked for in case
 *     that its cursor leads to none; null if there are none of that kind
 * @param more whether the room remembers messages before these; null if the request was not for
 *     messages before a position
 */
public record Excerpt(
    String room,
    List<byte[]> messages,
    @Nullable Cursor next,
    @Nullable Boolean recovered,
    @Nullable Integer history,
    @Nullable Boolean more) {

  /** Copies the list. */
  public Excerpt {
    messages = List.copyOf(messages);
  }

  /**
   * The messages after a position.
   *
   * @param room the room's name
   * @param messages the messages, each as {@link RoomMessage#encode} writes it
   * @param next the cursor for the next request; null if the room has no order yet
   * @param recovered whether no message is missing since the cursor of the request; null if the
   *     request had none
   */
  public Excerpt(
      String room, List<byte[]> messages, @Nullable Cursor next, @Nullable Boolean recovered) {
    this(room, messages, next, recovered, null, null);
  }

  /**
   * The messages as JSON.
   *
   * @return the messages, the oldest first, each with the fields that the protocol gives it
   */
  public List<Json.Obj> parsed() {
    return messages.stream().map(Excerpt::parsed).toList();
  }

  private static Json.Obj parsed(byte[] message) {
    try {
      return (Json.Obj) Json.parseEncoded(message);
    } catch (MalformedJsonException e) {
      throw new IllegalStateException("a message that is not JSON", e);
    }
  }

  /**
   * The excerpt in its wire format.
   *
   * @return the JSON, as UTF-8
   */
  public byte[] encode() {
    var out = new ByteArrayOutputStream();
    out.writeBytes(new JsonWriter(64).raw("{\"room\":").text(room).written());
    writeMessages(out);
    String end = "";
    if (next != null) {
      end = ",\"epoch\":\"" + next.epoch() + "\",\"offset\":" + next.offset();
    }
    if (recovered != null) {
      end += ",\"recovered\":" + recovered;
    }
    if (history != null) {
      end += ",\"history\":" + history;
    }
    if (more != null) {
      end += ",\"more\":" + more;
    }
    out.writeBytes((end + "}").getBytes(ISO_8859_1));
    return out.toByteArray();
  }

  /** Writes the last field of an object, without its end. */
  void writeMessages(ByteArrayOutputStream out) {
    out.writeBytes(",\"messages\":[".getBytes(ISO_8859_1));
    for (int i = 0; i < messages.size(); i++) {
      if (i > 0) {
        out.write(',');
      }
      out.writeBytes(messages.get(i));
    }
    out.write(']');
  }
}
