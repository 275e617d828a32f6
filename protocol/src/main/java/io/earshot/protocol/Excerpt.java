package io.earshot.protocol;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A range of a room's messages, for a client that reads the room without being in it.
 *
 * <p>Immutable.
 *
 * @param room the room's name
 * @param messages the messages, each as {@link RoomMessage#encode} writes it
 * @param next the cursor for the next request; null if the room has no order yet
 * @param recovered whether no message is missing since the cursor of the request; null if the
 *     request had none
 */
public record Excerpt(
    String room, List<byte[]> messages, @Nullable Cursor next, @Nullable Boolean recovered) {

  /** Copies the list. */
  public Excerpt {
    messages = List.copyOf(messages);
  }

  /**
   * The excerpt in its wire format.
   *
   * @return the JSON, as UTF-8
   */
  public byte[] encode() {
    var out = new ByteArrayOutputStream();
    out.writeBytes(new JsonWriter(64).raw("{\"room\":").text(room).written());
    out.writeBytes(",\"messages\":[".getBytes(ISO_8859_1));
    for (int i = 0; i < messages.size(); i++) {
      if (i > 0) {
        out.write(',');
      }
      out.writeBytes(messages.get(i));
    }
    out.write(']');
    String end = "";
    if (next != null) {
      end = ",\"epoch\":\"" + next.epoch() + "\",\"offset\":" + next.offset();
    }
    if (recovered != null) {
      end += ",\"recovered\":" + recovered;
    }
    out.writeBytes((end + "}").getBytes(ISO_8859_1));
    return out.toByteArray();
  }
}
