package io.earshot.protocol;

import java.util.LinkedHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The members of a room. Connections that only listen are not members. A room that does not exist
 * has no members.
 *
 * <p>Immutable.
 *
 * @param room the room's name
 * @param members the members' ids, in the order in which they joined
 * @param cursor the end of the room's order; null if the room has had no message
 */
public record RoomStatus(String room, List<String> members, @Nullable Cursor cursor) {

  /** Copies the list. */
  public RoomStatus {
    members = List.copyOf(members);
  }

  /**
   * How many members the room has.
   *
   * @return the number of members
   */
  public int membersCount() {
    return members.size();
  }

  /**
   * The status in its wire format.
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
