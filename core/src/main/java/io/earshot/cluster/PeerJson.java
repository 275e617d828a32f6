package io.earshot.cluster;

import io.earshot.Config;
import io.earshot.access.Tokens;
import io.earshot.connection.Handover;
import io.earshot.connection.Handover.FormerPlace;
import io.earshot.connection.Params;
import io.earshot.connection.Participant;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the requests of {@link PeerRequests} and their answers travel as JSON. What reads a request
 * throws an {@link IllegalArgumentException} or a {@link ClassCastException} if the JSON has
 * another form, as from a server of another version.
 *
 * <p>Stateless.
 */
final class PeerJson {
  private PeerJson() {}

  // --- sessions --------------------------------------------------------------------------------

  static Json json(Handover handover) {
    var places = new ArrayList<Map<String, Object>>();
    handover.places().forEach(place -> places.add(place(place)));
    var fields = new LinkedHashMap<String, Object>();
    fields.put("places", places);
    fields.put("params", handover.params() == null ? Map.of() : handover.params().all());
    fields.put("attributes", handover.attributes());
    Participant.Known known = handover.known();
    if (known != null) {
      fields.put("known", Map.of("name", known.name(), "until", known.until()));
    }
    return Json.from(fields);
  }

  private static Map<String, Object> place(FormerPlace place) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("room", place.room());
    fields.put("in", place.isIn());
    fields.put("listening", place.isListening());
    if (place.known() != null) {
      fields.put("known", place.known().toString());
    }
    if (place.grant() != null) {
      fields.put("grant", Tokens.claims(place.grant()));
    }
    return fields;
  }

  static Handover toHandover(Json.Obj fields, Config.Limits limits) {
    var places = new ArrayList<FormerPlace>();
    for (Json each : ((Json.Array) field(fields, "places")).items()) {
      places.add(toPlace((Json.Obj) each));
    }
    var params = new Params();
    texts(fields, "params").forEach((key, value) -> params.add(key, value, limits));
    return new Handover(null, places, params, texts(fields, "attributes"), known(fields));
  }

  private static FormerPlace toPlace(Json.Obj fields) {
    return new FormerPlace(
        text(fields, "room"),
        field(fields, "in").equals(Json.of(true)),
        field(fields, "listening").equals(Json.of(true)),
        null,
        fields.get("known") instanceof Json.Text(String cursor) ? Cursor.parse(cursor) : null,
        fields.get("grant") instanceof Json.Obj claims ? Tokens.grant(claims) : null);
  }

  private static Participant.@Nullable Known known(Json.Obj fields) {
    return fields.get("known") instanceof Json.Obj known
            && field(known, "until") instanceof Json.Num(String until)
        ? new Participant.Known(text(known, "name"), Long.parseLong(until))
        : null;
  }

  // --- HTTP clients ----------------------------------------------------------------------------

  static Json webRequest(Visitor visitor, String action, Map<String, Json> params) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("ask", "web");
    fields.put("id", visitor.id());
    fields.put("room", visitor.room());
    if (visitor.remoteAddress() instanceof InetSocketAddress address) {
      fields.put("host", address.getHostString());
      fields.put("port", address.getPort());
    }
    fields.put("action", action);
    fields.put("params", params);
    return Json.from(fields);
  }

  static Visitor toVisitor(Json.Obj fields) {
    return new Visitor(text(fields, "id"), text(fields, "room"), address(fields));
  }

  private static InetSocketAddress address(Json.Obj fields) {
    int port = (int) number(fields, "port");
    String host = text(fields, "host");
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    } catch (IllegalArgumentException e) {
      return InetSocketAddress.createUnresolved(host, port);
    }
  }

  static Map<String, Json> params(Json.Obj fields) {
    return ((Json.Obj) field(fields, "params")).fields();
  }

  static Json json(WebAnswer answer) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("fields", answer.fields());
    fields.put("status", answer.status());
    if (answer.error() != null) {
      fields.put("error", answer.error());
    }
    if (answer.roomChosen() != null) {
      fields.put("room", answer.roomChosen());
    }
    return Json.from(fields);
  }

  static WebAnswer toWebAnswer(@Nullable Json answer) {
    if (answer instanceof Json.Obj fields
        && fields.get("fields") instanceof Json.Obj answered
        && fields.get("status") instanceof Json.Num(String status)
        && status.matches("[1-5]\\d\\d")) {
      return new WebAnswer(
          answered.fields(),
          fields.get("error") instanceof Json.Text(String error) ? error : null,
          Integer.parseInt(status),
          fields.get("room") instanceof Json.Text(String room) ? room : null);
    }
    return WebAnswer.failed(503, "Error: another server gave an unreadable answer");
  }

  // --- fields ----------------------------------------------------------------------------------

  static String text(Json.Obj fields, String name) {
    if (field(fields, name) instanceof Json.Text(String value)) {
      return value;
    }
    throw new IllegalArgumentException("a peer request whose field " + name + " is no text");
  }

  private static Json field(Json.Obj fields, String name) {
    Json value = fields.get(name);
    if (value == null) {
      throw new IllegalArgumentException("a peer request without the field " + name);
    }
    return value;
  }

  private static long number(Json.Obj fields, String name) {
    if (field(fields, name) instanceof Json.Num(String literal)) {
      return Long.parseLong(literal);
    }
    throw new IllegalArgumentException("a peer request whose field " + name + " is no number");
  }

  private static Map<String, String> texts(Json.Obj fields, String name) {
    var texts = new LinkedHashMap<String, String>();
    ((Json.Obj) field(fields, name))
        .fields()
        .forEach((key, value) -> texts.put(key, String.valueOf(value.asText())));
    return texts;
  }
}
