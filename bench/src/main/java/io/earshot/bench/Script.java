package io.earshot.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * How one server is spoken to. In the texts, {@code %room%} is the number of the client's room,
 * {@code %id%} that of the client, and {@code %msg%} the message.
 *
 * <p>Immutable.
 *
 * @param wire how texts travel
 * @param path what is asked for, where the wire is HTTP at first
 * @param hello what a client sends to enter its room
 * @param listen what it sends to listen to one more room, numbered {@code %n%}; empty if it cannot
 * @param ready what the server says when a client has entered, or listens; empty if it says nothing
 * @param say what a client sends to say something
 * @param echoes whether speakers hear their own messages too
 */
record Script(
    Wire wire, String path, String hello, String listen, String ready, String say, boolean echoes) {
  static final String MESSAGE = "%msg%";

  Script(Wire wire, String hello, String ready, String say) {
    this(wire, "/", hello, "", ready, say, false);
  }

  /** All that a client sends before it counts as there. */
  List<String> hellos(int id, int room, int listening) {
    var texts = new ArrayList<String>(1 + listening);
    texts.add(filled(hello, id, room));
    for (int n = 0; n < listening; n++) {
      texts.add(filled(listen, id, room).replace("%n%", Integer.toString(n)));
    }
    return texts;
  }

  /** A template with all in it but the message. */
  static String filled(String template, int id, int room) {
    return template.replace("%room%", Integer.toString(room)).replace("%id%", Integer.toString(id));
  }
}
