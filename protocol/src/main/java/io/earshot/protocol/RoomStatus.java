package io.earshot.protocol;

import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who is in a room. A room that nobody is in has no members; those who only listen are not counted.
 *
 * <p>Immutable.
 *
 * @param room the room's name
 * @param members the members' ids, in the order in which they joined
 * @param cursor the end of the room's order; null where nothing was ever told
 */
public record RoomStatus(String room, List<String> members, @Nullable Cursor cursor) {

  /** Copies the list. */
  public RoomStatus {
    members = List.copyOf(members);
  }

  /**
   * How many are in the room.
   *
   * @return the number of members
   */
  public int membersCount() {
    return members.size();
  }

  /**
   * As it travels.
   *
   * @return the JSON object
   */
  public Json.Obj toJson() {
    var fields = LinkedHashMap.<String, Json>newLinkedHashMap(5);
    fields.put("room", Json.of(room));
    fields.put("members", new Json.Array(members.stream().map(Json::of).toList()));
    fields.put("membersCount", Json.of(membersCount()));
    if (cursor != null) {
      cursor.putInto(fields);
    }
    return new Json.Obj(fields);
  }
}
