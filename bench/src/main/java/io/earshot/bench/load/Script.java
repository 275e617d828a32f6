package io.earshot.bench.load;

import java.util.ArrayList;
import java.util.List;

/**
 * The texts that a client of one server sends and expects. In them, {@code %room%} is the number of
 * the client's room, {@code %id%} the number of the client, and {@code %msg%} the message.
 *
 * <p>Immutable.
 *
 * @param wire the framing of texts
 * @param path the path of the WebSocket handshake
 * @param join the text that a client sends to join its room
 * @param listen the text to listen to one more room, numbered {@code %n%}; empty for none
 * @param ready the server's answer to each of these; empty if it does not answer
 * @param say the text that a client sends to publish a message in its room
 * @param echoes whether publishers receive their own messages
 */
public record Script(
    Wire wire, String path, String join, String listen, String ready, String say, boolean echoes) {
  /** For a load whose clients send no texts. */
  public static final Script NONE = new Script(Wire.LINES, "", "", "");

  static final String MESSAGE = "%msg%";

  public Script(Wire wire, String join, String ready, String say) {
    this(wire, "/", join, "", ready, say, false);
  }

  /** All texts that a client sends before it is ready. */
  List<String> joinTexts(int id, int room, int listening) {
    var texts = new ArrayList<String>(1 + listening);
    texts.add(filled(join, id, room));
    for (int n = 0; n < listening; n++) {
      texts.add(filled(listen, id, room).replace("%n%", Integer.toString(n)));
    }
    return texts;
  }

  /** A template with everything filled in but the message. */
  static String filled(String template, int id, int room) {
    return template.replace("%room%", Integer.toString(room)).replace("%id%", Integer.toString(id));
  }
}
