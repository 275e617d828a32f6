package io.earshot.protocol;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The details of a connection, as its client can ask for them.
 *
 * <p>Immutable.
 *
 * @param id the connection's public id
 * @param user the user that it has logged in as; null for none
 * @param connectedAt when it connected, in milliseconds since 1970
 * @param params the params that the client has set
 * @param room the current room
 * @param rooms all rooms that the connection is in, the current one first
 * @param listening the rooms that it listens to
 * @param totalActions how many actions the client has requested
 * @param pendingActions how many of these are not answered yet
 */
public record Details(
    String id,
    @Nullable User user,
    long connectedAt,
    Map<String, String> params,
    String room,
    List<String> rooms,
    List<String> listening,
    long totalActions,
    int pendingActions) {

  /** Copies the collections. */
  public Details {
    params = Collections.unmodifiableMap(new LinkedHashMap<>(params));
    rooms = List.copyOf(rooms);
    listening = List.copyOf(listening);
  }

  /** The format of the described system. */
  Json.Obj toJson() {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("params", paramsToJson(params));
    fields.put("public", Json.from(identity()));
    putCounts(fields);
    return new Json.Obj(fields);
  }

  /** The format that clients of its later versions expect. */
  Json.Obj toData() {
    Map<String, Json> fields = identity();
    fields.put("params", paramsToJson(params));
    putCounts(fields);
    fields.put("rooms", texts(rooms));
    fields.put("listening", texts(listening));
    return new Json.Obj(fields);
  }

  private Map<String, Json> identity() {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("id", Json.of(id));
    if (user != null) {
      fields.put("user", user.json());
    }
    fields.put("connectedAt", Json.of(connectedAt));
    return fields;
  }

  private void putCounts(Map<String, Json> fields) {
    fields.put("room", Json.of(room));
    fields.put("totalActions", Json.of(totalActions));
    fields.put("pendingActions", Json.of(pendingActions));
  }

  static Json.Obj paramsToJson(Map<String, String> params) {
    var fields = new LinkedHashMap<String, Json>();
    params.forEach((key, value) -> fields.put(key, Json.of(value)));
    return new Json.Obj(fields);
  }

  private static Json.Array texts(List<String> texts) {
    return new Json.Array(texts.stream().map(Json::of).toList());
  }
}
