package io.earshot.netty.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.Logged;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.UnaffectedClients;
import io.earshot.netty.testing.WebSocketClient;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.Closeable;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The admin API over real sockets: its keys, its calls, and repeated calls. */
final class AdminTest {
  private static final String KEY = "k".repeat(40);
  private static final Pattern ID = Pattern.compile("\"id\":\"([0-9a-f]{32})\",\"kind\"");
  private static final String JSON = "Content-Type: application/json";

  private final Deque<Closeable> open = new ArrayDeque<>();
  private EarshotServer server = start(Kind.LEAN_LINES);

  private static EarshotServer start(Kind kind, String... settings) {
    Config config =
        Config.defaults()
            .with("rooms.announcements", false)
            .with("admin.keys", List.of("shop " + KEY, "other " + "o".repeat(32)));
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    return kind.start(config);
  }

  private void restart(String... settings) throws Exception {
    stop();
    server = start(Kind.LEAN_LINES, settings);
  }

  @AfterEach
  void stop() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
    server.close();
  }

  private <T extends Closeable> T opened(T client) {
    open.push(client);
    return client;
  }

  private HttpClient curl(String... headers) {
    return opened(new HttpClient(server.httpPort(), false, headers));
  }

  private HttpClient admin() {
    return curl("Authorization: Bearer " + KEY);
  }

  private Response ask(String method, String path, String body, String... headers) {
    var all = new ArrayList<>(List.of(headers));
    all.add(JSON);
    try (HttpClient client =
        new HttpClient(server.httpPort(), false, "Authorization: Bearer " + KEY)) {
      client.sendRequest(method, path, body, all.toArray(String[]::new));
      return client.response();
    }
  }

  private Response get(String path) {
    return ask("GET", path, "");
  }

  private TcpClient lines() {
    return opened(TcpClient.welcomed(server.tcpPort(), null));
  }

  private static String measure(Response response) {
    Matcher id = ID.matcher(response.body());
    assertThat(id.find()).as(response.body()).isTrue();
    return id.group(1);
  }

  private static void assertProblem(Response response, int status, String detail) {
    assertThat(response.status()).as(response.body()).isEqualTo(status);
    assertThat(response.header("content-type")).containsExactly("application/problem+json");
    assertThat(response.body()).contains(detail);
  }

  private static String error(Response response) {
    assertThat(response.body()).contains("\"error\":");
    return response.body().replaceAll(".*\"error\":", "");
  }

  // --- who may ---------------------------------------------------------------------------------

  @Test
  void without_a_key_in_the_settings_there_is_no_admin_api() throws Exception {
    restart("admin.keys=");
    Response response = get("/admin/status");
    Response nothing = get("/nothing/status");
    assertThat(response.status()).isEqualTo(nothing.status());
    assertThat(error(response).replace("admin", "nothing")).isEqualTo(error(nothing));
  }

  @Test
  void requests_without_a_key_are_refused_and_wrong_keys_do_not_slow_down_a_right_one() {
    Response none = curl().get("/admin/status");
    assertProblem(none, 401, "a key is required");
    assertThat(none.header("www-authenticate")).containsExactly("Bearer realm=\"admin\"");
    assertProblem(curl("Authorization: Basic " + KEY).get("/admin/status"), 401, "key is required");
    HttpClient guesser = curl();
    int refused = 0;
    Response last = none;
    for (int i = 0; i < 30; i++) {
      last = guesser.get("/admin/connections", "Authorization: Bearer " + KEY + i);
      refused += last.status() == 401 ? 1 : 0;
      assertThat(last.status()).isIn(401, 429);
    }
    assertThat(refused).isBetween(10, 29);
    assertThat(last.header("retry-after")).hasSize(1);
    assertThat(get("/admin/status").status()).isEqualTo(200);
  }

  @Test
  void each_key_has_a_rate_limit_of_its_own() throws Exception {
    restart("admin.requestsPerSecond=1");
    HttpClient hasty = admin();
    var statuses = new ArrayList<Integer>();
    for (int i = 0; i < 20; i++) {
      Response response = hasty.get("/admin/bans");
      statuses.add(response.status());
      if (response.status() == 429) {
        assertThat(response.header("retry-after")).containsExactly("1");
        break;
      }
    }
    assertThat(statuses).startsWith(200, 200).endsWith(429);
    assertThat(curl("Authorization: Bearer " + "o".repeat(32)).get("/admin/bans").status())
        .isEqualTo(200);
  }

  private static HttpHeaders authorization(String value) {
    return new DefaultHttpHeaders().set("authorization", value);
  }

  @Test
  void wrong_keys_are_counted_by_address_and_an_ipv6_network_is_one_address() throws Exception {
    var keys =
        new AdminKeys(Config.defaults().with("admin.keys", List.of("a " + KEY)).admin(), _ -> {});
    InetAddress first = InetAddress.ofLiteral("2001:db8::1");
    InetAddress same = InetAddress.ofLiteral("2001:db8::2");
    InetAddress other = InetAddress.ofLiteral("2001:db8:0:1::1");
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> keys.check(authorization("Bearer x"), null, first, 0))
          .hasMessageContaining("no key");
    }
    assertThatThrownBy(() -> keys.check(authorization("Bearer x"), null, same, 0))
        .hasMessageContaining("too many");
    assertThatThrownBy(() -> keys.check(authorization("Bearer x"), null, other, 0))
        .hasMessageContaining("no key");
    assertThat(keys.check(authorization("bearer  " + KEY), null, first, 0).name()).isEqualTo("a");
    assertThatThrownBy(() -> keys.check(authorization("Bearer x"), null, first, 6_000))
        .hasMessageContaining("no key");
  }

  @Test
  void pages_of_other_sites_may_not_use_the_admin_api_whatever_the_settings_say() throws Exception {
    restart("httpServer.corsOrigins=https://shop.example.org");
    for (String header :
        List.of("Origin: https://shop.example.org", "Origin: null", "Sec-Fetch-Site: cross-site")) {
      Response response = ask("POST", "/admin/bans", "{}", header);
      assertProblem(response, 403, "other sites");
      assertThat(response.header("access-control-allow-origin")).isEmpty();
    }
    Response options = ask("OPTIONS", "/admin/bans", "");
    assertProblem(options, 405, "does not work here");
    assertThat(options.header("allow")).containsExactly("GET, HEAD, POST");
  }

  @ParameterizedTest
  @CsvSource({
    "shop short, at least 32",
    "nothing, at least 32",
    "a b ccccccccccccccccccccccccccccccccccccccc, without blanks"
  })
  void an_invalid_key_in_the_settings_is_refused_without_being_shown(String key, String words) {
    assertThatThrownBy(() -> Config.defaults().with("admin.keys", List.of(key)))
        .hasMessageContaining("admin.keys")
        .hasMessageContaining(words)
        .hasMessageNotContaining(key);
  }

  // --- what it does ----------------------------------------------------------------------------

  @Test
  void the_admin_api_lists_rooms_and_connections_in_pages() {
    TcpClient alice = lines();
    alice.ask("roomChange attic");
    TcpClient bob = lines();
    bob.ask("roomChange cellar");
    lines();
    String id = alice.id();
    server.api().connection(id).orElseThrow().set("plan", "paid");
    assertThat(get("/admin/status").body()).contains("\"connections\":{\"tcp\":3,", "\"rooms\":3,");
    assertThat(get("/admin/rooms").body())
        .isEqualTo(
            "{\"rooms\":[{\"room\":\"attic\",\"membersCount\":1},{\"room\":\"cellar\",\"membersCount\":1},"
                + "{\"room\":\"defaultRoom\",\"membersCount\":1}]}");
    assertThat(get("/admin/rooms?limit=1").body())
        .isEqualTo("{\"rooms\":[{\"room\":\"attic\",\"membersCount\":1}],\"next\":\"attic\"}");
    assertThat(get("/admin/rooms?limit=1&after=attic").body()).contains("\"cellar\"");
    assertThat(get("/admin/rooms?after=cellar&limit=1").body()).doesNotContain("next");
    assertThat(get("/admin/rooms/attic").body()).contains("\"members\":[\"" + id + "\"]");
    assertThat(get("/admin/connections/" + id).body())
        .startsWith(
            "{\"id\":\""
                + id
                + "\",\"transport\":\"tcp\",\"room\":\"attic\",\"address\":\"127.0.0.1\",\"connectedAt\":")
        .contains(",\"attributes\":{\"plan\":\"paid\"},\"rooms\":[");
    assertThat(get("/admin/connections?room=attic").body()).contains(id).doesNotContain("next");
    assertThat(get("/admin/connections?address=127.0.0.0/8&limit=2").body()).contains("\"next\":");
    assertThat(get("/admin/connections?address=10.0.0.0/8").body())
        .isEqualTo("{\"connections\":[]}");
    var seen = new ArrayList<String>();
    String path = "/admin/connections?limit=1";
    for (int page = 0; page < 3; page++) {
      String body = get(path).body();
      seen.add(body.replaceAll(".*\\[\\{\"id\":\"(\\p{XDigit}{32})\".*", "$1"));
      path = "/admin/connections?limit=1&after=" + seen.getLast();
    }
    assertThat(seen).doesNotHaveDuplicates().isSorted().hasSize(3).contains(id);
  }

  @Test
  void the_admin_api_says_something_as_server_code_does() {
    TcpClient alice = lines();
    TcpClient bob = lines();
    server.api().connection(alice.id()).orElseThrow().set("plan", "paid");
    String path = "/admin/rooms/defaultRoom/messages";
    assertThat(ask("POST", path, "{\"message\":{\"price\":1}}").status()).isEqualTo(201);
    ask("POST", path, "{\"message\":\"paid\",\"match\":{\"key\":\"plan\",\"value\":\"paid\"}}");
    ask("POST", path, "{\"message\":\"all\",\"from\":\"shop\"}");
    assertThat(alice.heard()).contains("{\"price\":1}", "\"from\":\"Earshot\"");
    assertThat(alice.heard()).contains("\"paid\"");
    assertThat(bob.heard()).contains("{\"price\":1}");
    assertThat(bob.heard()).contains("\"message\":\"all\"", "\"from\":\"shop\"");
  }

  @Test
  void a_room_without_members_remembers_what_is_said_in_it_whoever_says_it() {
    ask("POST", "/admin/rooms/emptyroom/messages", "{\"message\":\"by the admin API\"}");
    HttpClient web = curl();
    assertThat(web.get("/chat?method=say&message=by+an+action").body()).doesNotContain("error");
    assertThat(web.get("/rooms/emptyroom/messages").body()).contains("by the admin API");
    assertThat(web.get("/rooms/defaultRoom/messages").body()).contains("by an action");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET|/admin/|||404|no such thing",
        "GET|/admin/x/y/z/a|||404|no such thing",
        "GET|/admin/rooms/%ff|||400|not UTF-8",
        "GET|/admin/rooms/a%00|||400|room names",
        "GET|/admin/rooms/%zz|||400|percent sign",
        "PUT|/admin/bans|||405|PUT does not work here",
        "GET|/admin/rooms?limit=x|||400|limit must be",
        "GET|/admin/connections?address=x|||400|not an address",
        "GET|/admin/connections/none|||404|nobody of this id",
        "DELETE|/admin/connections/none|||404|nobody of this id",
        "DELETE|/admin/bans/none|||404|none of this id",
        "DELETE|/admin/rooms/defaultRoom|||400|default room cannot be closed",
        "DELETE|/admin/rooms/attic|{\"second\":1}||400|means nothing here; there is seconds",
        "POST|/admin/bans|{||400|not valid JSON",
        "POST|/admin/bans|[]||400|one object",
        "POST|/admin/bans|{}||400|a target is",
        "POST|/admin/bans|{\"target\":{\"id\":\"a\"}}||400|seconds is",
        "POST|/admin/bans|{\"target\":{\"id\":\"a\"},\"seconds\":0}||400|must be more than 0",
        "POST|/admin/bans|{\"target\":{\"id\":\"a\"},\"seconds\":1e3}||400|seconds is",
        "POST|/admin/bans|{\"target\":{\"address\":\"10.0.0.0/99\"},\"seconds\":1}||400|not an address",
        "POST|/admin/bans|{\"target\":{\"id\":\"a\"},\"seconds\":1,\"reason\":1}||400|reason is a text",
        "POST|/admin/mutes|{\"target\":{\"id\":\"a\"},\"seconds\":1,\"room\":\"\"}||400|room names",
        "POST|/admin/rooms/a/messages|{}||400|a message is required",
        "POST|/admin/rooms/a/messages|{\"message\":1,\"match\":1}||400|match is",
        "POST|/admin/bans|x|text/plain|415|application/json"
      })
  void an_invalid_call_is_refused_with_a_reason(
      String method, String path, String body, String type, int status, String words) {
    try (HttpClient client =
        new HttpClient(server.httpPort(), false, "Authorization: Bearer " + KEY)) {
      client.sendRequest(
          method,
          path,
          body == null ? "" : body,
          "Content-Type: " + (type == null ? "application/json" : type));
      assertProblem(client.response(), status, words);
    }
  }

  @Test
  void the_number_of_measures_is_bounded() throws Exception {
    restart("admin.measures=2");
    String ban = "{\"target\":{\"id\":\"a\"},\"seconds\":60}";
    Response first = ask("POST", "/admin/bans", ban);
    assertThat(first.status()).isEqualTo(201);
    assertThat(first.header("location")).containsExactly("/admin/bans/" + measure(first));
    ask("POST", "/admin/mutes", ban);
    assertProblem(ask("POST", "/admin/bans", ban), 409, "admin.measures");
    assertThat(get("/admin/mutes/" + measure(first)).status()).isEqualTo(404);
    assertThat(ask("DELETE", "/admin/bans/" + measure(first), "").status()).isEqualTo(200);
    assertThat(ask("POST", "/admin/bans", ban).status()).isEqualTo(201);
  }

  @Test
  void a_repeated_call_with_the_same_idempotency_key_is_answered_and_not_done_again() {
    TcpClient alice = lines();
    String path = "/admin/rooms/defaultRoom/messages";
    String ban = "{\"target\":{\"id\":\"a\"},\"seconds\":60}";
    String again = "Idempotency-Key: 1";
    Response first = ask("POST", "/admin/bans", ban, again);
    Response second = ask("POST", "/admin/bans", ban, again);
    assertThat(second.body()).isEqualTo(first.body());
    assertThat(second.status()).isEqualTo(201);
    assertThat(server.api().moderation().bans()).hasSize(1);
    assertProblem(
        ask("POST", "/admin/bans", ban.replace("60", "61"), again), 422, "something else");
    assertProblem(ask("POST", "/admin/mutes", ban, again), 422, "something else");
    ask("POST", path, "{\"message\":\"once\"}", "Idempotency-Key: 2");
    ask("POST", path, "{\"message\":\"once\"}", "Idempotency-Key: 2");
    ask("POST", path, "{\"message\":\"then\"}", "Idempotency-Key: 3");
    assertThat(alice.heard()).contains("once");
    assertThat(alice.heard()).contains("then");
    assertThat(ask("POST", "/admin/bans", "{}", "Idempotency-Key: 4").status()).isEqualTo(400);
    assertThat(ask("POST", "/admin/bans", ban, "Idempotency-Key: 4").status())
        .as("what failed may be tried again")
        .isEqualTo(201);
    try (var other =
        new HttpClient(server.httpPort(), false, "Authorization: Bearer " + "o".repeat(32))) {
      other.sendRequest("POST", "/admin/bans", ban, JSON, again);
      assertThat(other.response().body()).as("keys are one's own").isNotEqualTo(first.body());
    }
  }

  @Test
  void a_call_is_logged_once_however_often_it_is_repeated() {
    String ban = "{\"target\":{\"id\":\"a\"},\"seconds\":60}";
    try (var log = new Logged(Admin.class)) {
      ask("POST", "/admin/bans", ban, "Idempotency-Key: 1");
      log.await("admin shop: POST /admin/bans: 201");
      ask("POST", "/admin/bans", ban, "Idempotency-Key: 1");
      ask("POST", "/admin/bans", "{}");
      log.await("admin shop: POST /admin/bans: 400");
      assertThat(log.lines()).hasSize(2);
    }
  }

  @Test
  void wrong_keys_are_logged_once_a_minute() {
    try (var log = new Logged(AdminKeys.class)) {
      HttpClient guesser = curl();
      for (int i = 0; i < 30; i++) {
        guesser.get("/admin/status", "Authorization: Bearer " + KEY + i);
      }
      assertThat(log.lines())
          .hasSize(1)
          .allMatch(line -> line.contains("admin: a wrong key from 127.0.0.1"));
    }
  }

  // --- clients that misbehave ------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_LINES"})
  void a_client_that_misbehaves_is_kicked_muted_and_banned_while_others_chat_on(Kind kind)
      throws Exception {
    server.close();
    server = start(kind);
    try (var innocents = new UnaffectedClients(server)) {
      innocents.chatOnDuring(() -> deal(kind));
    }
  }

  private void deal(Kind kind) {
    Client eve = opened(kind.welcomed(server));
    eve.ask("{\"event\":\"roomChange\",\"room\":\"attic\"}");
    String id = eve.id();
    String target = "{\"target\":{\"id\":\"" + id + "\"},\"seconds\":60,\"reason\":\"spam\"}";
    String mute = measure(ask("POST", "/admin/mutes", target));
    assertThat(eve.ask("{\"event\":\"say\",\"message\":\"buy\"}"))
        .contains("Error: you are muted until", ": spam");
    ask("DELETE", "/admin/mutes/" + mute, "");
    assertThat(eve.ask("{\"event\":\"say\",\"message\":\"buy\"}")).contains("\"status\":\"OK\"");
    ask("DELETE", "/admin/rooms/attic", "{\"seconds\":60,\"reason\":\"cleaning\"}");
    assertThat(eve.reply()).contains("\"status\":\"closed\",\"reason\":\"cleaning\"");
    assertThat(eve.ask("{\"event\":\"roomChange\",\"room\":\"attic\"}"))
        .contains("Error: this room is closed: cleaning");
    assertThat(curl().get("/rooms/attic/messages").status()).isEqualTo(403);
    ask("POST", "/admin/bans", target);
    assertThat(eve.reply()).contains("Error: you are banned until", ": spam");
    assertThat(eve.next()).isNull();
    Client again = opened(kind.welcomed(server));
    String kicked = again.id();
    assertThat(ask("DELETE", "/admin/connections/" + kicked, "{\"reason\":\"out\"}").status())
        .isEqualTo(200);
    assertThat(again.reply()).contains("\"reason\":\"out\"");
  }

  @Test
  void a_banned_address_is_refused_on_each_transport_but_not_by_the_admin_api() throws Exception {
    TcpClient alice = lines();
    StreamClient stream =
        opened(StreamClient.open(server.httpPort(), "/rooms/attic", StreamClient.LINES));
    stream.next();
    Response ban =
        ask("POST", "/admin/bans", "{\"target\":{\"address\":\"127.0.0.0/8\"},\"seconds\":60}");
    assertThat(alice.rest().getLast()).contains("Error: you are banned until");
    assertThat(stream.rest().getLast()).contains("Error: you are banned until");
    TcpClient late = opened(new TcpClient(server.tcpPort(), null));
    assertThat(late.rest()).singleElement().asString().contains("Error: you are banned until");
    WebSocketClient frames = opened(WebSocketClient.open(server.httpPort(), null));
    assertThat(frames.next()).contains("Error: you are banned until");
    assertThat(frames.closeCode()).isEqualTo(1008);
    for (String path :
        List.of(
            "/api/status",
            "/chat/?method=roomView",
            "/rooms/attic",
            "/rooms/attic/messages",
            "/rooms/attic?x")) {
      assertProblem(curl().get(path), 403, "Error: you are banned until");
    }
    assertProblem(
        curl().get("/rooms/attic", StreamClient.LINES), 403, "Error: you are banned until");
    assertProblem(
        curl().post("/rooms/attic/messages", "text/plain", "hi"), 403, "you are banned until");
    ask("DELETE", "/admin/bans/" + measure(ban), "");
    assertThat(curl().get("/rooms/attic").status()).isEqualTo(200);
    assertThat(lines().ask("roomView")).contains("\"status\":\"OK\"");
  }
}
