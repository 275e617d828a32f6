package io.earshot.netty.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.http.Site;
import io.earshot.netty.loop.AddressLimits;
import io.earshot.netty.loop.Drain;
import io.earshot.netty.testing.AdminClient;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.spi.Refusals;
import io.earshot.testing.TestServer;
import io.earshot.token.TokenKeys;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The OpenAPI document is valid, complete, and says what a real server answers. */
final class OpenApiTest {
  private static final String TOKENS = "k1 HS256 0123456789abcdef0123456789abcdef";
  private static final String KEY = "k".repeat(40);
  private static final Pattern ID = Pattern.compile("\"id\":\"([0-9a-zA-Z]+)\"");

  private final Deque<Closeable> open = new ArrayDeque<>();
  private final OpenApiDocument document;

  /** What was asked of the server, by method and path. */
  private final TreeSet<String> asked = new TreeSet<>();

  private final EarshotServer server =
      Kind.LEAN_FRAMES.start(
          Config.defaults()
              .with("tokens.keys", List.of(TOKENS))
              .with("admin.keys", List.of("shop " + KEY)));

  private final AdminClient shop = new AdminClient(server.httpPort(), KEY);

  OpenApiTest() throws IOException {
    document = OpenApiDocument.read();
  }

  @AfterEach
  void stop() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
    server.close();
  }

  private WebSocketClient loggedIn(String user) {
    long end = System.currentTimeMillis() / 1000 + 3600;
    String token =
        new TokenKeys(List.of(TOKENS), "").sign(Map.of("sub", user, "name", "Ada", "exp", end));
    WebSocketClient client = WebSocketClient.raw(server.httpPort());
    open.push(client);
    client.text(WebSocketClient.handshake("/ws?token=" + token));
    assertThat(client.head()).startsWith("HTTP/1.1 101 ");
    assertThat(client.ask("{\"event\":\"roomAdd\",\"room\":\"attic\"}")).contains("inbox");
    assertThat(client.reply()).contains("\"status\":\"OK\"");
    return client;
  }

  // --- the document ----------------------------------------------------------------------------

  @Test
  void the_document_is_one_of_openapi_3_1_and_its_examples_match_its_schemas() throws IOException {
    assertThat(document.errors()).isEmpty();
    assertThat(document.checkExamples()).isGreaterThan(40);
  }

  @Test
  void the_document_has_each_path_of_the_admin_api_and_no_other() {
    var paths = new TreeSet<String>();
    routes()
        .methods()
        .forEach((shape, methods) -> methods.forEach(each -> paths.add(each + " /admin/" + shape)));
    paths.add("GET /admin/stream"); // which is no answer of the table
    var described = new TreeSet<String>();
    for (String operation : document.operations()) {
      if (operation.contains(" /admin/")) {
        described.add(operation.replaceAll("\\{\\w+}", "*"));
      }
    }
    assertThat(described).isEqualTo(paths);
  }

  /** The table of a server without sockets. */
  private static AdminRoutes routes() {
    Config config = Config.defaults();
    var limits = new AddressLimits(config, () -> 0, new Refusals());
    var drain = new Drain((_, _) -> {}, () -> {}, List::of);
    return new AdminRoutes(new Site(new TestServer().earshot, config, limits, drain, true));
  }

  @Test
  void each_parameter_of_a_path_is_described() {
    for (String operation : document.operations()) {
      Matcher name = Pattern.compile("\\{(\\w+)}").matcher(operation);
      String parameters = document.operation(operation).path("parameters").toString();
      while (name.find()) {
        assertThat(parameters).as(operation).contains("/parameters/" + name.group(1) + "\"");
      }
    }
  }

  @Test
  void the_server_serves_the_document() throws IOException {
    Response response = shop.get("/admin/openapi.json");
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.header("content-type")).containsExactly("application/json");
    assertThat(response.body()).isEqualTo(Files.readString(OpenApiDocument.FILE));
  }

  // --- what the server answers -----------------------------------------------------------------

  /**
   * Sends a request, and compares the request and the answer with the document.
   *
   * @param operation such as {@code GET /admin/rooms/{room}}
   * @param values what replaces the names in the path, and a query
   */
  private Response ask(int status, String operation, String body, String... values) {
    String uri = operation.substring(operation.indexOf(' ') + 1);
    var names = new ArrayDeque<>(Arrays.asList(values));
    while (uri.contains("{")) {
      uri = uri.replaceFirst("\\{\\w+}", Matcher.quoteReplacement(names.pop()));
    }
    uri += names.isEmpty() ? "" : names.pop();
    String method = operation.substring(0, operation.indexOf(' '));
    Response response =
        uri.startsWith("/admin/") ? shop.ask(method, uri, body) : guest(method, uri, body);
    assertThat(response.status()).as(operation + " " + response.body()).isEqualTo(status);
    document.checkResponse(
        operation, status, response.header("content-type").getFirst(), response.body());
    if (status < 300 && !body.isEmpty()) {
      document.checkRequest(operation, body);
    }
    if (status < 300) {
      asked.add(operation);
    }
    return response;
  }

  /** Asks without a key, as clients do. */
  private Response guest(String method, String uri, String body) {
    try (var client = new HttpClient(server.httpPort(), false)) {
      client.sendRequest(method, uri, body, "Content-Type: application/json");
      return client.response();
    }
  }

  /** Sends the request that is the document's example. */
  private Response askExample(int status, String operation, String... values) {
    return ask(status, operation, document.exampleBody(operation), values);
  }

  private Response get(String path, String... values) {
    return ask(200, "GET " + path, "", values);
  }

  private static String id(Response created) {
    Matcher id = ID.matcher(created.body());
    assertThat(id.find()).as(created.body()).isTrue();
    return id.group(1);
  }

  @Test
  void each_operation_answers_as_the_document_says() {
    WebSocketClient ada = loggedIn("ada");
    String id = ada.id();
    publish();
    lists(id);
    moves(id);
    operate(id);
    roomUrls();
    moderate();
    refusals();
    askExample(200, "DELETE /admin/connections/{connection}", id);
    get("/admin/closed");
    askExample(202, "POST /admin/drain");
    asked.add("PUT /admin/log/{logger}"); // a program in a test has its own log; see refusals
    assertThat(asked).isEqualTo(document.operations());
  }

  private void publish() {
    askExample(200, "POST /admin/publish");
    askExample(201, "POST /admin/rooms/{room}/messages", "attic");
    String users =
        "{\"messages\":[{\"users\":[\"ada\",\"bob\"],\"message\":null,\"from\":\"shop\","
            + "\"match\":{\"key\":\"plan\",\"value\":\"paid\"}},{\"rooms\":[\"b\"],\"message\":[]}]}";
    ask(200, "POST /admin/publish", users);
    for (String query : List.of("", "?limit=1", "?before=", "?after=x:1", "?after=x:1&history=3")) {
      get("/admin/rooms/{room}/messages", "attic", query);
    }
    get("/admin/rooms/{room}/messages", "@ada");
    get("/admin/rooms/{room}/messages", "nowhere");
  }

  private void lists(String id) {
    get("/admin/presence", "?room=attic&room=nowhere&user=ada&user=nobody&limit=1");
    for (String query : List.of("", "?limit=1", "?sort=members", "?sort=rate&match=a")) {
      get("/admin/rooms", query);
    }
    get("/admin/rooms/{room}", "attic");
    get("/admin/rooms/{room}", "attic", "?limit=1");
    get("/admin/rooms/{room}", "nowhere");
    get("/admin/connections", "?limit=1");
    get("/admin/connections/{connection}", id);
    get("/admin/users/{user}", "ada");
    get("/admin/users/{user}", "nobody");
  }

  private void moves(String id) {
    for (String who : List.of("/admin/users/{user}", "/admin/connections/{connection}")) {
      String name = who.contains("user") ? "ada" : id;
      ask(200, "PUT " + who + "/rooms/{room}", "", name, "cellar");
      ask(200, "DELETE " + who + "/rooms/{room}", "", name, "cellar");
    }
  }

  private void operate(String id) {
    for (String path : List.of("status", "key", "overview", "history", "slow", "closed", "log")) {
      get("/admin/" + path);
    }
    get("/admin/drain");
    get("/admin/stream", "?room=attic");
    get("/admin/openapi.json");
    get("/admin/explain", "?room=attic&user=ada");
    get("/admin/explain", "?room=attic&offset=1&connection=" + id);
    String trace = id(askExample(201, "POST /admin/traces"));
    get("/admin/traces/{trace}", trace);
    ask(200, "DELETE /admin/traces/{trace}", "", trace);
  }

  private void roomUrls() {
    get("/rooms/{room}", "attic");
    get("/rooms/{room}/messages", "attic", "?limit=2");
    askExample(201, "POST /rooms/{room}/messages", "attic");
    askExample(202, "POST /rooms/{room}/signals", "attic");
    ask(400, "GET /rooms/{room}", "", "attic", "?limit=0");
    ask(403, "GET /rooms/{room}/messages", "", "@bob");
    ask(400, "POST /rooms/{room}/messages", "{}", "attic");
    ask(400, "POST /rooms/{room}/signals", "{}", "attic");
  }

  private void moderate() {
    for (String kind : List.of("ban", "mute")) {
      String path = "/admin/" + kind + "s";
      String example = document.exampleBody("POST " + path);
      ask(
          201,
          "POST " + path,
          example.replaceAll("\"id\":\"\\w+\"", "\"address\":\"192.0.2.0/24\""));
      ask(
          201,
          "POST " + path,
          "{\"target\":{\"attribute\":{\"name\":\"a\",\"value\":\"b\"}},\"seconds\":60}");
      ask(201, "POST " + path, "{\"target\":{\"user\":\"eve\"},\"seconds\":60}");
      String id = id(askExample(201, "POST " + path));
      lift(path, id);
    }
    String closed = id(askExample(200, "DELETE /admin/rooms/{room}", "garden"));
    lift("/admin/closures", closed);
  }

  private void lift(String path, String id) {
    get(path);
    get(path, "?limit=1");
    get(path + "/{measure}", id);
    ask(200, "DELETE " + path + "/{measure}", "", id);
    ask(404, "GET " + path + "/{measure}", "", id);
  }

  private void refusals() {
    ask(409, "PUT /admin/log/{logger}", "{\"level\":\"DEBUG\"}", "io.earshot");
    ask(400, "PUT /admin/log/{logger}", "{\"level\":\"LOUD\"}", "io.earshot");
    ask(400, "POST /admin/publish", "{\"messages\":[1]}");
    String large = "{\"messages\":[{\"room\":\"a\",\"message\":\"" + "x".repeat(70_000) + "\"}]}";
    ask(413, "POST /admin/publish", large);
    ask(400, "GET /admin/presence", "");
    ask(404, "GET /admin/connections/{connection}", "", "none");
    ask(404, "DELETE /admin/connections/{connection}", "", "none");
    ask(404, "DELETE /admin/traces/{trace}", "", "none");
    ask(400, "GET /admin/rooms", "", "?sort=x");
    ask(400, "PUT /admin/users/{user}/rooms/{room}", "", "ada", "%40ada");
    AdminClient guesser = new AdminClient(server.httpPort(), "x");
    Response wrong = guesser.get("/admin/status");
    document.checkResponse("GET /admin/status", 401, "application/problem+json", wrong.body());
    try (var client =
        new HttpClient(server.httpPort(), false, "Authorization: Bearer " + shop.key())) {
      Response plain = client.post("/admin/publish", "text/plain", "x");
      document.checkResponse(
          "POST /admin/publish", plain.status(), "application/problem+json", plain.body());
    }
    var repeats = new ArrayList<Integer>();
    for (String body : List.of("{\"message\":1}", "{\"message\":2}")) {
      Response response = shop.post("/admin/rooms/attic/messages", body, "Idempotency-Key: once");
      repeats.add(response.status());
      document.checkResponse(
          "POST /admin/rooms/{room}/messages",
          response.status(),
          response.header("content-type").getFirst(),
          response.body());
    }
    assertThat(repeats).containsExactly(201, 422);
  }
}
