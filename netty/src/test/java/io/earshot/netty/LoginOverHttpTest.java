package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Issuer;
import io.earshot.netty.testing.Issuer.Mood;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import io.earshot.token.TokenKeys;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Logins over real sockets: by header, query, cookie and frame, and by keys of another issuer. */
final class LoginOverHttpTest {
  private static final String KEY = "k1 HS256 0123456789abcdef0123456789abcdef";
  private static final String ROOM_RULE = "ada.* join=user:ada say=user:ada listen=user:ada";

  @TempDir Path folder;

  private final Deque<Closeable> open = new ConcurrentLinkedDeque<>();

  @SuppressWarnings("NullAway.Init") // each test starts one
  private EarshotServer server;

  private static Config config() {
    return Config.defaults()
        .with("rooms.announcements", false)
        .with("tokens.keys", List.of(KEY))
        .with("users.cookie", "login")
        .with("rooms.rules", List.of(ROOM_RULE));
  }

  private static String token(String user) {
    return token(user, Map.of());
  }

  private static String token(String user, Map<String, Object> more) {
    var claims = new LinkedHashMap<String, Object>(more);
    claims.put("sub", user);
    claims.putIfAbsent("exp", System.currentTimeMillis() / 1000 + 3600);
    return new TokenKeys(List.of(KEY), "").sign(claims);
  }

  private void start(Config config) {
    server = Kind.LEAN_FRAMES.start(config);
    open.push(server::close);
    server
        .api()
        .actions()
        .add(
            Action.of(
                "whoami",
                call -> {
                  var user = call.connection().user();
                  call.put("user", user == null ? null : user.json());
                }));
  }

  @AfterEach
  void stop() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  private <T extends Closeable> T opened(T client) {
    open.push(client);
    return client;
  }

  private HttpClient curl() {
    return opened(new HttpClient(server.httpPort(), false));
  }

  private WebSocketClient webSocket(String path, String... headers) {
    WebSocketClient client = opened(WebSocketClient.raw(server.httpPort()));
    client.text(WebSocketClient.handshake(path, headers));
    assertThat(client.head()).startsWith("HTTP/1.1 101 ");
    return client;
  }

  private static String bearer(String token) {
    return "Authorization: Bearer " + token;
  }

  // --- each way --------------------------------------------------------------------------------

  @Test
  void a_web_socket_logs_in_by_its_handshake() {
    start(config());
    String ada = "\"user\":{\"id\":\"ada\"}";
    assertThat(webSocket("/", bearer(token("ada")) + "\r\n").next()).contains("welcome", ada);
    assertThat(webSocket("/ws?token=" + token("ada")).next()).contains(ada);
    assertThat(webSocket("/", "Cookie: a=b; login=" + token("ada") + "\r\n").next()).contains(ada);
    assertThat(webSocket("/rooms/ada.1?token=" + token("ada")).next())
        .contains("\"room\":\"ada.1\"", ada);
    // A handshake that is longer than the first look at it.
    String padding = "X-Padding: " + "x".repeat(5_000) + "\r\n";
    assertThat(webSocket("/", padding, bearer(token("ada")) + "\r\n").next()).contains(ada);
    assertThat(webSocket("/").next()).doesNotContain("user");
  }

  @Test
  void a_room_takes_a_login_and_a_token_of_its_own() {
    start(config());
    var room = server.api().chatRoom().createPrivateRoom();
    String its = room.token("guest", Duration.ofHours(1));
    assertThat(webSocket("/rooms/" + room + "?token=" + its, bearer(token("ada")) + "\r\n").next())
        .contains("\"room\":\"" + room + "\"", "\"user\":{\"id\":\"ada\"}");
    assertThat(
            curl().get("/rooms/" + room + "/messages?token=" + token("ada"), bearer(its)).status())
        .isEqualTo(200);
    Response refused = curl().get("/rooms/" + room + "/messages?token=" + token("ada"));
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.body()).contains("this room asks for a token");
  }

  @Test
  void a_cookie_of_another_sites_page_does_not_count() {
    start(config().with("webSockets.allowedOrigins", List.of("*", "https://own.example")));
    String cookie = "Cookie: login=" + token("ada") + "\r\n";
    assertThat(webSocket("/", cookie, "Origin: https://evil.example\r\n").next())
        .doesNotContain("user");
    assertThat(webSocket("/", cookie, "Origin: https://own.example\r\n").next())
        .contains("\"id\":\"ada\"");
    assertThat(
            curl()
                .get("/whoami", "Cookie: login=" + token("ada"), "Origin: https://evil.example")
                .body())
        .contains("\"user\":null");
  }

  @Test
  void http_requests_and_streams_log_in_by_each_request() {
    start(config());
    assertThat(curl().get("/whoami", bearer(token("ada"))).body()).contains("\"id\":\"ada\"");
    assertThat(curl().get("/whoami", "Cookie: login=" + token("ada")).body())
        .contains("\"id\":\"ada\"");
    // A param of an action is its own, whatever it is called.
    assertThat(curl().get("/whoami?token=" + token("ada")).body()).contains("\"user\":null");
    assertThat(curl().get("/rooms/ada.1/messages").status()).isEqualTo(403);
    assertThat(curl().get("/rooms/ada.1/messages", bearer(token("ada"))).status()).isEqualTo(200);
    assertThat(curl().get("/rooms/ada.1/messages?token=" + token("ada")).status()).isEqualTo(200);
    assertThat(curl().get("/rooms/ada.1/messages", bearer(token("bob"))).status()).isEqualTo(403);
    StreamClient stream =
        opened(
            StreamClient.open(
                server.httpPort(),
                "/rooms/ada.1?token=" + token("ada"),
                "Accept: application/x-ndjson"));
    assertThat(stream.next()).contains("\"room\":\"ada.1\"", "\"id\":\"ada\"");
    StreamClient several =
        opened(
            StreamClient.open(
                server.httpPort(),
                "/rooms?room=ada.1&stream=0123456789abcdef0123&token=" + token("ada"),
                "Accept: application/x-ndjson"));
    assertThat(several.next()).contains("welcome", "\"id\":\"ada\"");
    assertThat(several.next()).contains("\"room\":\"ada.1\"", "\"status\":\"OK\"");
  }

  @Test
  void a_login_that_is_not_valid_is_answered_with_401_and_the_reason() {
    start(config());
    String expired = token("ada", Map.of("exp", System.currentTimeMillis() / 1000 - 60));
    for (String path :
        List.of("/whoami", "/rooms/attic", "/rooms/attic/messages", "/messages?room=x")) {
      Response refused = curl().get(path, bearer(expired));
      assertThat(refused.status()).as(path).isEqualTo(401);
      assertThat(refused.header("www-authenticate")).containsExactly("Bearer");
      assertThat(refused.body()).contains("Error: this token expired 6");
    }
    assertThat(curl().get("/whoami", bearer("opaque")).body())
        .contains("Error: this token is not valid: it is not a signed JWT");
    // Files need no login, and the admin API has its own keys.
    assertThat(curl().get("/public/", bearer(expired)).status()).isEqualTo(200);
    WebSocketClient socket = webSocket("/", bearer(expired) + "\r\n");
    assertThat(socket.next()).contains("\"reason\":\"Error: this token expired 6");
    assertThat(socket.closeCode()).isEqualTo(1008);
    assertThat(webSocket("/?token=opaque").next()).contains("it is not a signed JWT");
  }

  @Test
  void where_a_login_is_required_only_users_get_in() {
    start(config().with("users.required", true));
    assertThat(curl().get("/rooms/attic/messages").status()).isEqualTo(401);
    assertThat(curl().get("/rooms/attic", "Accept: text/event-stream").status()).isEqualTo(401);
    for (String path : List.of("/", "/whoami")) {
      Response refused = curl().get(path);
      assertThat(refused.status()).as(path).isEqualTo(401);
      assertThat(refused.body())
          .contains("users.required", "Authorization: Bearer TOKEN", "docs/authentication.md");
    }
    assertThat(curl().get("/status").status()).isEqualTo(200);
    assertThat(curl().get("/help").body()).contains("\"verbs\":[\"say TEXT\"");
    assertThat(curl().get("/rooms/attic/messages", bearer(token("ada"))).status()).isEqualTo(200);
    assertThat(curl().get("/whoami", bearer(token("ada"))).body()).contains("\"id\":\"ada\"");
    WebSocketClient socket = webSocket("/rooms/ada.1");
    assertThat(socket.next()).contains("\"login\":\"required\"").doesNotContain("\"room\":\"");
    socket.send("{\"event\":\"say\",\"message\":\"early\"}");
    assertThat(socket.next()).contains("Error: log in first");
    socket.send("{\"event\":\"login\",\"token\":\"" + token("ada") + "\"}");
    assertThat(socket.next()).contains("\"status\":\"OK\"", "\"id\":\"ada\"");
    assertThat(socket.next()).contains("welcome", "\"room\":\"ada.1\"");
    TcpClient line = opened(new TcpClient(server.tcpPort()));
    assertThat(line.next()).contains("\"login\":\"required\"");
    line.send("login " + token("ada"));
    assertThat(line.next()).contains("\"status\":\"OK\"");
    assertThat(line.next()).contains("\"room\":\"defaultRoom\"");
  }

  @Test
  void a_client_with_a_message_queue_is_the_user_of_its_requests() {
    start(config().with("commonWeb.httpClientMessageTTL", "30s"));
    HttpClient browser = opened(new HttpClient(server.httpPort(), true));
    String view = "/api/chat?method=roomChange&room=ada.1";
    assertThat(browser.get(view).body()).contains("Error: you may not join this room");
    assertThat(browser.get(view, bearer(token("ada"))).body()).contains("\"room\":\"ada.1\"");
    assertThat(browser.get("/whoami").body()).contains("\"id\":\"ada\"");
    // Another user with the same cookie is another client.
    assertThat(browser.get("/whoami", bearer(token("bob"))).body()).contains("\"id\":\"bob\"");
    assertThat(browser.get("/api/chat?method=detailsView").body())
        .contains("\"room\":\"defaultRoom\"");
  }

  @Test
  void a_hook_sees_the_request() {
    start(config().with("commonWeb.httpClientMessageTTL", "30s"));
    server
        .api()
        .hooks()
        .onConnect(
            (connection, connecting) ->
                connection.set(
                    "seen",
                    connecting.headers().get("x-plan")
                        + " "
                        + connecting.cookies().get("seat")
                        + " "
                        + connecting.query().get("from")
                        + " "
                        + connecting.claims()
                        + " "
                        + connection.transport()));
    WebSocketClient client = webSocket("/?from=mail", "X-Plan: pro\r\n", "Cookie: seat=7\r\n");
    client.next();
    assertThat(seen()).isEqualTo("[pro] 7 [mail] null WEBSOCKET");
    client.send("{\"event\":\"quit\"}");
    assertThat(client.closeCode()).isEqualTo(1000);
    String plan = "X-Plan: pro";
    curl().get("/chat?method=detailsView&from=mail", plan, "Cookie: seat=7", bearer(token("ada")));
    assertThat(seen())
        .startsWith("[pro] 7 [mail] ")
        .contains("ada")
        .doesNotContain("null")
        .endsWith(" WEB");
  }

  /** What the hook has seen of the only connection. */
  private String seen() {
    return String.valueOf(server.api().connections().iterator().next().attributes().get("seen"));
  }

  // --- an identity provider --------------------------------------------------------------------

  private Issuer issuer(String keyId) {
    return opened(new Issuer(folder, keyId));
  }

  @Test
  void tokens_of_an_identity_provider_are_accepted_and_its_keys_may_change() {
    Issuer issuer = issuer("a");
    start(config().with("users.jwks", issuer.address()).with("users.issuer", ""));
    assertThat(curl().get("/whoami", bearer(issuer.token("ada"))).body())
        .contains("\"id\":\"ada\"");
    assertThat(curl().get("/whoami", bearer(token("bob"))).body()).contains("\"id\":\"bob\"");
    String old = issuer.token("ada");
    issuer.changeKey("b");
    // The first token with the new key brings the keys, as soon as they may be fetched again.
    Await.until(
        "the new key is known",
        () -> curl().get("/whoami", bearer(issuer.token("ada"))).status() == 200);
    assertThat(webSocket("/", bearer(issuer.token("eve")) + "\r\n").next())
        .contains("\"id\":\"eve\"");
    assertThat(curl().get("/whoami", bearer(old)).body())
        .contains("Error: this token is signed with the unknown key \\\"a\\\"");
    // The address goes away, and the keys stay.
    String last = issuer.token("ada");
    issuer.close();
    assertThat(curl().get("/whoami", bearer(last)).body()).contains("\"id\":\"ada\"");
  }

  @ParameterizedTest
  @EnumSource(
      value = Mood.class,
      names = {"FAILS", "FLOODS", "TALKS"})
  void an_identity_provider_without_keys_makes_its_tokens_unknown(Mood mood) {
    Issuer issuer = issuer("a");
    issuer.mood = mood;
    start(config().with("users.jwks", issuer.address()));
    assertThat(curl().get("/whoami", bearer(issuer.token("ada"))).body())
        .contains("Error: this token is signed with the unknown key \\\"a\\\"");
    assertThat(webSocket("/", bearer(issuer.token("ada")) + "\r\n").next())
        .contains("signed with the unknown key");
    // The tokens of this server are not concerned, and the address is not asked each time.
    assertThat(curl().get("/whoami", bearer(token("bob"))).status()).isEqualTo(200);
    assertThat(issuer.asked).hasValueLessThanOrEqualTo(2);
    issuer.mood = Mood.WELL;
    Await.until(
        "the keys have come",
        () -> curl().get("/whoami", bearer(issuer.token("ada"))).status() == 200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"HANGS", "DRIPS"})
  void an_identity_provider_that_does_not_answer_holds_up_only_its_own_tokens(Mood mood)
      throws IOException {
    Issuer issuer = issuer("a");
    issuer.mood = mood;
    start(config().with("users.jwks", issuer.address()).with("general.eventLoops", 1));
    HttpClient waits = curl();
    waits.sendRequest("POST", "/whoami", "{}", bearer(issuer.token("ada")));
    WebSocketClient socket = webSocket("/", bearer(issuer.token("ada")) + "\r\n");
    TcpClient racing = opened(TcpClient.welcomed(server.tcpPort()));
    racing.send("login " + issuer.token("ada"));
    racing.send("login " + token("bob"));
    // The loop serves others meanwhile.
    assertThat(curl().get("/whoami", bearer(token("bob"))).body()).contains("\"id\":\"bob\"");
    TcpClient line = opened(TcpClient.welcomed(server.tcpPort()));
    assertThat(line.ask("detailsView")).contains("OK");
    assertThat(waits.in.available() + socket.in.available() + racing.in.available()).isZero();
    assertThat(racing.reply()).contains("signed with the unknown key");
    assertThat(racing.reply()).contains("\"status\":\"OK\"", "\"id\":\"bob\"");
    assertThat(waits.response().body()).contains("signed with the unknown key");
    assertThat(socket.next()).contains("signed with the unknown key");
  }
}
