package io.earshot.protocol;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the server knows of a connection.
 *
 * <p>Immutable.
 *
 * @param id its public id
 * @param connectedAt when it came, in milliseconds since 1970
 * @param params the params that it set
 * @param room the room that it is in
 * @param rooms all rooms that it is in, the current one first
 * @param listening the rooms that it listens to
 * @param totalActions how many actions it has asked for
 * @param pendingActions how many of them are not answered yet
 */
public record Details(
    String id,
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

  /** The shape of the described system. */
  Json.Obj toJson() {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("params", paramsToJson(params));
    fields.put("public", Json.from(identity()));
    counted(fields);
    return new Json.Obj(fields);
  }

  /** The shape that clients of its later versions wait for. */
  Json.Obj toData() {
    Map<String, Json> fields = identity();
    fields.put("params", paramsToJson(params));
    counted(fields);
    fields.put("rooms", texts(rooms));
    fields.put("listening", texts(listening));
    return new Json.Obj(fields);
  }

  private Map<String, Json> identity() {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("id", Json.of(id));
    fields.put("connectedAt", Json.of(connectedAt));
    return fields;
  }

  private void counted(Map<String, Json> fields) {
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
