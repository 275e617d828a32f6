package io.earshot.backend.hook;

import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.Hooks;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Puts questions to back ends into words: the bodies of requests.
 *
 * <p>Immutable.
 */
final class Questions {
  /** What lets others be the client stays here, unless a setting names it. */
  private static final String TOKEN = "token";

  private final String server;
  private final List<String> headers;
  private final InstantSource clock;

  /**
   * A question.
   *
   * @param id identifies it, and its repeats
   * @param fields the body
   */
  record Question(String id, Json.Obj fields) {}

  Questions(Config config, InstantSource clock) {
    this.server = config.general().id();
    this.headers =
        config.backEnds().headers().stream().map(name -> name.toLowerCase(Locale.ROOT)).toList();
    this.clock = clock;
  }

  Question connect(Connection connection, Hooks.Connecting client) {
    Map<String, Json> more = new LinkedHashMap<>();
    more.put("room", Json.of(connection.room()));
    more.put("headers", headers(client));
    var query = new TreeMap<>(client.query());
    query.remove(TOKEN);
    more.put("query", Json.from(query));
    Json.Obj claims = client.claims();
    if (claims != null) {
      more.put("claims", claims);
    }
    return question(Event.CONNECT, connection, more);
  }

  private Json headers(Hooks.Connecting client) {
    var passed = new LinkedHashMap<String, Json>();
    for (String name : headers) {
      List<String> values = client.headers().get(name);
      if (values != null) {
        passed.put(name, Json.of(String.join(", ", values)));
      }
    }
    return new Json.Obj(passed);
  }

  Question join(Hooks.Join join) {
    Map<String, Json> more = new LinkedHashMap<>();
    more.put("room", Json.of(join.room()));
    more.put("what", Json.of(join.what().name().toLowerCase(Locale.ROOT)));
    return question(Event.JOIN, join.connection(), more);
  }

  Question say(Hooks.Say say) {
    Map<String, Json> more = new LinkedHashMap<>();
    more.put("room", Json.of(say.room()));
    more.put("message", say.message());
    return question(Event.SAY, say.connection(), more);
  }

  /**
   * A call of an action.
   *
   * @param named the params that the rule names
   */
  Question action(
      String name, Connection connection, Map<String, Json> params, List<String> named) {
    var passed = new LinkedHashMap<>(params);
    for (String hidden : List.of("action", "apiVersion", TOKEN)) {
      if (!named.contains(hidden)) {
        passed.remove(hidden);
      }
    }
    Map<String, Json> more = new LinkedHashMap<>();
    more.put("action", Json.of(name));
    more.put("params", new Json.Obj(passed));
    return question(Event.ACTION, connection, more);
  }

  private Question question(Event event, Connection connection, Map<String, Json> more) {
    String id = "hook_" + UUID.randomUUID().toString().replace("-", "");
    Map<String, Json> fields = new LinkedHashMap<>();
    fields.put("event", Json.of(event.toString()));
    fields.put("id", Json.of(id));
    fields.put("at", Json.of(clock.millis()));
    fields.put("server", Json.of(server));
    fields.put("connection", client(connection));
    fields.putAll(more);
    return new Question(id, new Json.Obj(fields));
  }

  private static Json client(Connection connection) {
    Map<String, Json> fields = new LinkedHashMap<>();
    fields.put("id", Json.of(connection.id()));
    fields.put("transport", Json.of(connection.transport().name().toLowerCase(Locale.ROOT)));
    if (connection.remoteAddress() instanceof InetSocketAddress address
        && address.getAddress() != null) {
      fields.put("address", Json.of(address.getAddress().getHostAddress()));
    }
    fields.put("connectedAt", Json.of(connection.connectedAt().toEpochMilli()));
    fields.put("room", Json.of(connection.room()));
    User user = connection.user();
    if (user != null) {
      fields.put("user", user.json());
    }
    fields.put("attributes", Json.from(new TreeMap<>(connection.attributes())));
    return new Json.Obj(fields);
  }
}
