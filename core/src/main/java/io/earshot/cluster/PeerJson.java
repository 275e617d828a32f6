package io.earshot.cluster;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.UserPresence;
import io.earshot.UserPresence.UserConnection;
import io.earshot.Users;
import io.earshot.access.TokenNumbers;
import io.earshot.access.Tokens;
import io.earshot.config.AddressLiteral;
import io.earshot.connection.Handover;
import io.earshot.connection.Handover.FormerPlace;
import io.earshot.connection.Params;
import io.earshot.connection.TokenIdentity;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.spi.ConnectRequest;
import io.earshot.spi.Login;
import io.earshot.spi.VerifiedLogin;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How the requests of {@link PeerRequests} and their answers travel as JSON. What reads a request
 * throws an {@link IllegalArgumentException} or a {@link ClassCastException} if the JSON has
 * another form, as from a server of another version.
 *
 * <p>Stateless.
 */
final class PeerJson {
  private static final Set<String> SECRET_HEADERS =
      Set.of("authorization", "proxy-authorization", "cookie");

  private static final Set<String> SECRET_PARAMS = Set.of("token");

  private PeerJson() {}

  // --- sessions --------------------------------------------------------------------------------

  static Json json(Handover handover) {
    var places = new ArrayList<Map<String, Object>>();
    handover.places().forEach(place -> places.add(place(place)));
    var fields = new LinkedHashMap<String, Object>();
    fields.put("places", places);
    fields.put("params", handover.params() == null ? Map.of() : handover.params().all());
    fields.put("attributes", handover.attributes());
    fields.put("tokens", List.of(handover.tokens().oldest(), handover.tokens().newest()));
    TokenIdentity identity = handover.identity();
    if (identity != null) {
      var known = new LinkedHashMap<String, Object>();
      known.put("name", identity.name());
      known.put("until", identity.until());
      if (identity.login() != null) {
        known.put("login", login(identity.login()));
      }
      fields.put("known", known);
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
    if (place.listedIn() != null) {
      fields.put("listed", place.listedIn());
    }
    if (place.grant() != null) {
      fields.put("grant", Tokens.claims(place.grant()));
    }
    return fields;
  }

  static Json sessionRequest(String id, int token) {
    return Json.from(Map.of("ask", "session", "id", id, "token", token));
  }

  /** The number of the token in a request for a session; 0 from a server of an earlier version. */
  static int token(Json.Obj fields) {
    return fields.get("token") == null ? 0 : (int) number(fields, "token");
  }

  static Handover toHandover(Json.Obj fields, Config.Limits limits) {
    var places = new ArrayList<FormerPlace>();
    for (Json each : ((Json.Array) field(fields, "places")).items()) {
      places.add(toPlace((Json.Obj) each));
    }
    var params = new Params();
    texts(fields, "params").forEach((key, value) -> params.add(key, value, limits));
    return new Handover(
        null, places, params, texts(fields, "attributes"), identity(fields), tokens(fields));
  }

  private static FormerPlace toPlace(Json.Obj fields) {
    return new FormerPlace(
        text(fields, "room"),
        field(fields, "in").equals(Json.of(true)),
        field(fields, "listening").equals(Json.of(true)),
        null,
        fields.get("known") instanceof Json.Text(String cursor) ? Cursor.parse(cursor) : null,
        fields.get("listed") instanceof Json.Text(String epoch) ? epoch : null,
        fields.get("grant") instanceof Json.Obj claims ? Tokens.grant(claims) : null);
  }

  private static TokenNumbers tokens(Json.Obj fields) {
    return fields.get("tokens") instanceof Json.Array(List<Json> numbers)
            && numbers.size() == 2
            && numbers.get(0) instanceof Json.Num(String oldest)
            && numbers.get(1) instanceof Json.Num(String newest)
        ? new TokenNumbers(Integer.parseInt(oldest), Integer.parseInt(newest))
        : TokenNumbers.FIRST; // a server of an earlier version
  }

  private static @Nullable TokenIdentity identity(Json.Obj fields) {
    if (fields.get("known") instanceof Json.Obj known
        && known.get("login") instanceof Json.Obj login) {
      return new TokenIdentity(toLogin(login));
    }
    return fields.get("known") instanceof Json.Obj known
            && field(known, "until") instanceof Json.Num(String until)
        ? new TokenIdentity(text(known, "name"), Long.parseLong(until))
        : null;
  }

  private static Json login(Login login) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("subject", login.subject());
    fields.put("user", login.user().json());
    fields.put("attributes", login.attributes());
    fields.put("until", login.until());
    fields.put("byHook", login.isByHook());
    return Json.from(fields);
  }

  private static Login toLogin(Json.Obj fields) {
    return new Login(
        text(fields, "subject"),
        User.of((Json.Obj) field(fields, "user")),
        texts(fields, "attributes"),
        number(fields, "until"),
        field(fields, "byHook").equals(Json.of(true)));
  }

  private static <T> Map<String, T> without(Set<String> names, Map<String, T> all) {
    var left = new LinkedHashMap<>(all);
    left.keySet().removeAll(names);
    return left;
  }

  // --- HTTP clients ----------------------------------------------------------------------------

  /**
   * A request of an HTTP client that belongs to another server.
   *
   * @param secrets the cookies that are left out of the request by which the client connects, with
   *     its tokens: whoever reads along in Redis must not be able to use them. Null if no hook
   *     decides about new clients, which the client may be there
   */
  static Json webRequest(
      Visitor visitor, String action, Map<String, Json> params, @Nullable Set<String> secrets) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("ask", "web");
    fields.put("id", visitor.id());
    fields.put("room", visitor.room());
    if (visitor.remoteAddress() instanceof InetSocketAddress address) {
      fields.put("host", address.getHostString());
      fields.put("port", address.getPort());
    }
    VerifiedLogin verified = visitor.verified();
    if (verified != null) {
      fields.put("login", login(verified.login()));
    }
    if (secrets != null) {
      ConnectRequest request = visitor.request();
      fields.put("headers", without(SECRET_HEADERS, request.headers()));
      fields.put("cookies", without(secrets, request.cookies()));
      fields.put("query", without(SECRET_PARAMS, request.query()));
      if (verified != null) {
        fields.put("claims", verified.claims());
      }
    }
    fields.put("action", action);
    fields.put("params", params);
    return Json.from(fields);
  }

  static Visitor toVisitor(Json.Obj fields) {
    return new Visitor(
        text(fields, "id"),
        text(fields, "room"),
        address(fields),
        fields.get("login") instanceof Json.Obj login
            ? new VerifiedLogin(toLogin(login), object(fields, "claims"))
            : null,
        new ForwardedRequest(
            lists(object(fields, "headers")),
            fields.get("cookies") == null ? Map.of() : texts(fields, "cookies"),
            lists(object(fields, "query"))));
  }

  /** What a client has sent to another server, which has checked its token. */
  private record ForwardedRequest(
      Map<String, List<String>> headers,
      Map<String, String> cookies,
      Map<String, List<String>> query)
      implements ConnectRequest {
    @Override
    public @Nullable String loginToken() {
      return null;
    }
  }

  private static Json.Obj object(Json.Obj fields, String name) {
    return fields.get(name) instanceof Json.Obj object ? object : new Json.Obj(Map.of());
  }

  private static Map<String, List<String>> lists(Json.Obj fields) {
    var lists = new LinkedHashMap<String, List<String>>();
    fields
        .fields()
        .forEach(
            (key, value) ->
                lists.put(
                    key,
                    ((Json.Array) value)
                        .items().stream().map(each -> String.valueOf(each.asText())).toList()));
    return lists;
  }

  private static InetSocketAddress address(Json.Obj fields) {
    int port = (int) number(fields, "port");
    String host = text(fields, "host");
    try {
      return new InetSocketAddress(AddressLiteral.parse(host), port);
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

  // --- users -----------------------------------------------------------------------------------

  /** Where another server says that a user is; unknown without an answer that can be read. */
  static UserPresence toPresence(String id, @Nullable Json answer) {
    try {
      if (answer instanceof Json.Obj fields) {
        var connections = new ArrayList<UserConnection>();
        for (Json each : ((Json.Array) field(fields, "connections")).items()) {
          connections.add(toConnection((Json.Obj) each));
        }
        return new UserPresence(
            id,
            fields.get("user") instanceof Json.Obj user ? User.of(user) : null,
            connections,
            (int) number(fields, "connectionsCount"),
            true);
      }
    } catch (IllegalArgumentException | ClassCastException e) {
      // A server of another version: as if it had not answered.
    }
    return new UserPresence(id, null, List.of(), 0, false);
  }

  /** How many connections another server has moved; unknown without an answer. */
  static Users.Moved toMoved(@Nullable Json answer) {
    return answer instanceof Json.Obj fields
            && fields.get("connections") instanceof Json.Num(String count)
            && count.matches("\\d{1,9}")
        ? new Users.Moved(Integer.parseInt(count), true)
        : new Users.Moved(0, false);
  }

  private static UserConnection toConnection(Json.Obj fields) {
    var rooms = new ArrayList<String>();
    for (Json room : ((Json.Array) field(fields, "rooms")).items()) {
      rooms.add(String.valueOf(room.asText()));
    }
    return new UserConnection(
        text(fields, "id"),
        text(fields, "server"),
        Transport.valueOf(text(fields, "transport").toUpperCase(Locale.ROOT)),
        number(fields, "connectedAt"),
        rooms);
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
