package io.earshot.protocol;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A user who is present in a room.
 *
 * <p>Immutable.
 *
 * @param user the user
 * @param members the ids of the user's connections that are members of the room, on all servers; at
 *     least one
 */
public record PresentUser(User user, List<String> members) {

  /** Copies the list. */
  public PresentUser {
    members = List.copyOf(members);
  }

  /**
   * A user with one connection.
   *
   * @param user the user
   * @param member the id of the connection
   */
  public PresentUser(User user, String member) {
    this(user, List.of(member));
  }

  /**
   * Collects the connections of each user.
   *
   * @param each the user of each connection
   * @return the users in the order of their ids, which is that of {@link String#compareTo}; of one
   *     whose connections tell different things, what the last one tells
   */
  public static List<PresentUser> collect(Stream<PresentUser> each) {
    var users = new TreeMap<String, User>();
    var members = new TreeMap<String, List<String>>();
    each.forEach(
        one -> {
          users.put(one.user.id(), one.user);
          members.computeIfAbsent(one.user.id(), ignored -> new ArrayList<>()).addAll(one.members);
        });
    return users.values().stream()
        .map(user -> new PresentUser(user, members.getOrDefault(user.id(), List.of())))
        .toList();
  }

  /**
   * The number of the user's connections in the room.
   *
   * @return at least 1
   */
  public int connections() {
    return members.size();
  }

  /**
   * The wire format: that of the user, {@code connections}, and their ids as {@code members}.
   *
   * @return the JSON object
   */
  public Json.Obj toJson() {
    Map<String, Json> fields = new LinkedHashMap<>(user.json().fields());
    fields.put("connections", Json.of(connections()));
    fields.put("members", new Json.Array(members.stream().map(Json::of).toList()));
    return new Json.Obj(fields);
  }
}
