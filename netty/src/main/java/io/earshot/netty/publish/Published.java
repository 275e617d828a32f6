package io.earshot.netty.publish;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What became of the messages of a request.
 *
 * <p>Immutable.
 *
 * @param results one for each message and room, in the order of the request
 */
public record Published(List<Result> results) {

  /**
   * What became of a message in a room.
   *
   * @param index the place of the message in the request
   * @param room the room's name
   * @param place the place of the message in the room's order; null if it is not told
   * @param error why it is not told, or may not be; null if it is
   */
  record Result(int index, String room, @Nullable Cursor place, @Nullable String error) {
    private Json toJson() {
      var fields = new LinkedHashMap<String, Json>();
      fields.put("index", Json.of(index));
      fields.put("room", Json.of(room));
      if (place != null) {
        fields.put("epoch", Json.of(place.epoch()));
        fields.put("offset", Json.of(place.offset()));
      }
      if (error != null) {
        fields.put("error", Json.of(error));
      }
      return new Json.Obj(fields);
    }
  }

  /** Copies the list. */
  public Published {
    results = List.copyOf(results);
  }

  /** How many messages are not told, or perhaps not. */
  public long failed() {
    return results.stream().filter(each -> each.error != null).count();
  }

  /** The answer to the back end. */
  public Json toJson() {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("failed", Json.of(failed()));
    fields.put("results", new Json.Array(results.stream().map(Result::toJson).toList()));
    return new Json.Obj(fields);
  }
}
