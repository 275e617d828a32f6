package io.earshot.monitor;

import io.earshot.protocol.Json;
import java.util.LinkedHashMap;

/**
 * Something that is wrong at the moment.
 *
 * <p>Immutable.
 *
 * @param kind a name for programs, such as {@code redis}
 * @param text a sentence for people, with the setting or the page that says more
 * @param see the part of the console that shows more, such as {@code slow} or {@code room}
 * @param name the name of the room, if the problem is one of a room; else empty
 */
record Problem(String kind, String text, String see, String name) {

  Json toJson() {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("kind", Json.of(kind));
    fields.put("text", Json.of(text));
    fields.put("see", Json.of(see));
    if (!name.isEmpty()) {
      fields.put("name", Json.of(name));
    }
    return new Json.Obj(fields);
  }
}
