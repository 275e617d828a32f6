package io.earshot.backend.hook;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.backend.http.RawBackEnd;
import io.earshot.backend.http.RawBackEnd.Manner;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.ApiDocument;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A real server, and a back end that answers as it is told to. */
class HooksTestCase {
  static final String KEY = "k".repeat(40);

  @RegisterExtension final ServerAndClients clients = new ServerAndClients();
  final RawBackEnd backEnd = new RawBackEnd(RawBackEnd.saying(""));

  @AfterEach
  void closeBackEnd() {
    clients.stop();
    backEnd.close();
  }

  /**
   * Starts a server.
   *
   * @param rules with {@code URL} for that of the back end
   */
  final EarshotServer start(List<String> rules, String... settings) {
    return clients.start(Kind.LEAN_LINES, config(rules), settings);
  }

  final Config config(List<String> rules) {
    return Config.defaults()
        .with("rooms.announcements", false)
        .with("general.id", "one")
        .with("admin.keys", List.of("test " + KEY))
        .with("backEnds.privateAddresses", "127.0.0.0/8")
        .with(
            "hooks.http", rules.stream().map(rule -> rule.replace("URL", backEnd.url())).toList());
  }

  /** The next question that the back end gets. */
  final Json.Obj question() {
    return object(backEnd.next().body());
  }

  static Json.Obj object(String json) {
    try {
      return (Json.Obj) Json.parse(json);
    } catch (MalformedJsonException e) {
      throw new AssertionError(json, e);
    }
  }

  /** What is at a path of names, as text. */
  static String at(Json.Obj object, String... path) {
    Json value = object;
    for (String name : path) {
      value = value instanceof Json.Obj each ? each.get(name) : null;
    }
    return value instanceof Json.Text text
        ? text.value()
        : value == null ? "nothing" : new String(value.encode(), UTF_8);
  }

  /** Answers that depend on the body of the question: the first whose text is in it counts. */
  static Manner saying(String... textsAndAnswers) {
    return (request, out) -> {
      for (int i = 0; i < textsAndAnswers.length; i += 2) {
        if (request.body().contains(textsAndAnswers[i])) {
          out.write(RawBackEnd.response("200 OK", textsAndAnswers[i + 1]));
          return;
        }
      }
      out.write(RawBackEnd.response("200 OK", ""));
    };
  }

  /** The report of the admin API about the only rule. */
  final Json.Obj report() {
    try (var admin =
        new HttpClient(clients.server().httpPort(), false, "Authorization: Bearer " + KEY)) {
      var rules = (Json.Array) object(admin.get("/admin/hooks").body()).get("rules");
      Json.Obj report =
          Stream.ofNullable(rules)
              .flatMap(all -> all.items().stream())
              .map(Json.Obj.class::cast)
              .findFirst()
              .orElseThrow();
      assertThat(report.fields().keySet()).isEqualTo(ApiDocument.fields("HttpHook"));
      return report;
    }
  }
}
