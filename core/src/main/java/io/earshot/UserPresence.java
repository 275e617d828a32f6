package io.earshot;

import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where a user is online.
 *
 * <p>Immutable.
 *
 * @param id the user's id
 * @param user the user, as one of the connections has it; null if the user is not online
 * @param connections the connections of the user: all, or at most {@link #MAX_LISTED} of each
 *     server
 * @param count how many connections the user has
 * @param isComplete whether all servers of the cluster have answered
 */
public record UserPresence(
    String id,
    @Nullable User user,
    List<UserConnection> connections,
    int count,
    boolean isComplete) {

  /** The largest number of connections of one server in the list. */
  public static final int MAX_LISTED = 100;

  /** Copies the list. */
  public UserPresence {
    connections = List.copyOf(connections);
  }

  /**
   * A connection of a user.
   *
   * @param id the public id of the connection
   * @param server the server of the connection: {@code general.id} and a name for its run
   * @param transport the client's transport
   * @param connectedAt when it connected, in milliseconds since 1970
   * @param rooms the rooms that the connection is in, the current one first
   */
  public record UserConnection(
      String id, String server, Transport transport, long connectedAt, List<String> rooms) {
    /** Copies the list. */
    public UserConnection {
      rooms = List.copyOf(rooms);
    }

    private Json toJson() {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("id", id);
      fields.put("server", server);
      fields.put("transport", transport.name().toLowerCase(Locale.ROOT));
      fields.put("connectedAt", connectedAt);
      fields.put("rooms", rooms);
      return Json.from(fields);
    }
  }

  /**
   * What two servers know.
   *
   * @param other what another server knows of the same user
   * @return the sum
   */
  public UserPresence plus(UserPresence other) {
    return new UserPresence(
        id,
        user == null ? other.user : user,
        Stream.concat(connections.stream(), other.connections.stream()).toList(),
        count + other.count,
        isComplete && other.isComplete);
  }

  /**
   * The wire format of the admin API.
   *
   * @return the JSON object
   */
  public Json.Obj toJson() {
    Map<String, Json> fields = new LinkedHashMap<>();
    fields.put("id", Json.of(id));
    if (user != null) {
      fields.put("user", user.json());
    }
    var listed = new ArrayList<Json>();
    connections.forEach(each -> listed.add(each.toJson()));
    fields.put("connections", new Json.Array(listed));
    fields.put("connectionsCount", Json.of(count));
    fields.put("complete", Json.of(isComplete));
    return new Json.Obj(fields);
  }
}
