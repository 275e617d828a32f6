package io.earshot.netty.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.ServerInside;
import io.earshot.netty.testing.Await;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import java.io.Closeable;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rooms by their URLs, on real sockets: to join, say, hear and resume with HTTP alone. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"LEAN_LINES", "EPOLL_LINES", "NIO_LINES"})
final class RoomUrlsTest {
  private static final String ATTIC = "/rooms/attic";
  private static final String MESSAGES = ATTIC + "/messages";
  private static final String JSON = "application/json";

  private final Deque<Closeable> open = new ConcurrentLinkedDeque<>();

  @Parameter
  @SuppressWarnings("NullAway.Init")
  Kind kind;

  @SuppressWarnings("NullAway.Init")
  private EarshotServer server;

  @BeforeEach
  void start() {
    server = kind.start(Config.defaults().with("rooms.announcements", false));
  }

  private void restart(String... settings) throws Exception {
    stop();
    Config config = Config.defaults().with("rooms.announcements", false);
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    server = kind.start(config);
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

  private HttpClient curl() {
    return opened(new HttpClient(server.httpPort(), false));
  }

  private HttpClient browser() {
    return opened(new HttpClient(server.httpPort(), true));
  }

  private StreamClient stream(String path, String... headers) {
    return opened(StreamClient.open(server.httpPort(), path, headers));
  }

  private WebSocketClient socket(String path) {
    WebSocketClient client = opened(WebSocketClient.raw(server.httpPort()));
    client.text(WebSocketClient.handshake(path));
    assertThat(client.head()).startsWith("HTTP/1.1 101 ");
    return client;
  }

  private TcpClient nc(String room) {
    TcpClient client = opened(TcpClient.welcomed(server.tcpPort()));
    assertThat(client.ask("{\"event\":\"roomChange\",\"room\":\"" + room + "\"}")).contains("OK");
    return client;
  }

  private String post(String text) {
    Response response = curl().post(MESSAGES, "text/plain", text);
    assertThat(response.status()).isEqualTo(201);
    return cursor(response.body());
  }

  private static String field(String json, String name) {
    Matcher field = Pattern.compile("\"" + name + "\":\"?([^\",}\\]]*)").matcher(json);
    assertThat(field.find()).as("%s in %s", name, json).isTrue();
    return field.group(1);
  }

  private static String cursor(String json) {
    return field(json, "epoch") + ":" + field(json, "offset");
  }

  private static List<String> texts(String json) {
    return Pattern.compile("\"message\":\"([^\"]*)\"")
        .matcher(json)
        .results()
        .map(text -> text.group(1))
        .toList();
  }

  private static void assertProblem(Response response, int status) {
    assertThat(response.status()).as(response.body()).isEqualTo(status);
    assertThat(response.header("content-type")).containsExactly("application/problem+json");
    assertThat(response.header("x-content-type-options")).containsExactly("nosniff");
    assertThat(response.body())
        .startsWith("{\"type\":\"about:blank\",\"title\":\"")
        .contains("\"status\":" + status + ",\"detail\":\"");
  }

  private void awaitMembers(String room, int count) {
    Await.until(
        "members of " + room,
        () ->
            server
                    .api()
                    .chatRoom()
                    .socketRoomStatus(room)
                    .toCompletableFuture()
                    .join()
                    .membersCount()
                == count);
  }

  private void awaitPolls(int count) {
    Await.until("polls that wait", () -> ServerInside.waitingPolls(server) == count);
  }

  // --- together --------------------------------------------------------------------------------

  @Test
  void two_curls_a_browser_and_an_nc_are_in_one_room() {
    StreamClient lines = stream(ATTIC, StreamClient.LINES);
    StreamClient events = stream(ATTIC, StreamClient.EVENTS);
    WebSocketClient socket = socket(ATTIC);
    TcpClient nc = nc("attic");
    for (Client each : List.of(lines, events, socket)) {
      assertThat(each.next()).contains("\"welcome\"", "\"room\":\"attic\"", "\"epoch\"");
    }
    assertThat(events.name).isEqualTo("welcome");
    String place = post("Hello, all");
    for (Client each : List.of(lines, events, socket, nc)) {
      String heard = each.heard();
      assertThat(texts(heard)).containsExactly("Hello, all");
      assertThat(cursor(heard)).isEqualTo(place);
    }
    assertThat(events.name).isEqualTo("message");
    assertThat(events.lastId).isEqualTo(place);
    nc.ask("say Hello, curl");
    assertThat(texts(lines.heard())).containsExactly("Hello, curl");
    assertThat(texts(events.heard())).containsExactly("Hello, curl");
    String status = curl().get(ATTIC).body();
    assertThat(status)
        .startsWith("{\"room\":\"attic\",\"members\":[")
        .contains("\"membersCount\":4");
    assertThat(field(status, "offset")).isEqualTo("2");
    assertThat(texts(curl().get(MESSAGES).body())).containsExactly("Hello, all", "Hello, curl");
    socket.close();
    lines.close();
    events.reset();
    awaitMembers("attic", 1);
  }

  @Test
  void a_stream_says_what_it_is_and_ends_with_its_connection() throws Exception {
    StreamClient stream = opened(new StreamClient(server.httpPort(), null));
    stream.request(ATTIC, StreamClient.EVENTS);
    assertThat(stream.head())
        .contains("content-type: text/event-stream; charset=utf-8")
        .contains("cache-control: no-store", "x-accel-buffering: no", "connection: close")
        .contains("x-content-type-options: nosniff", "x-powered-by: Earshot")
        .doesNotContain("content-length", "chunked");
    assertThat(stream.next()).contains("\"welcome\"");
    assertThat(server.api().connections())
        .singleElement()
        .satisfies(each -> assertThat(each.transport()).isEqualTo(Transport.STREAM));
    stream.text("GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000)); // nobody listens
    post("still here");
    assertThat(texts(stream.heard())).containsExactly("still here");
    stream.shutdownOutput();
    assertThat(stream.next()).isNull();
    awaitMembers("attic", 0);
    StreamClient other = stream(ATTIC, StreamClient.LINES);
    assertThat(other.next()).contains("\"welcome\"");
    server.close();
    assertThat(other.next()).contains("\"reason\":\"server shutdown\"");
    assertThat(other.next()).isNull();
  }

  @Test
  void a_silent_stream_is_kept_alive_and_never_cut_off() throws Exception {
    restart("rooms.announcements=false", "webSockets.pingInterval=1s", "webSockets.idleTimeout=2s");
    List<StreamClient> streams =
        List.of(stream(ATTIC, StreamClient.EVENTS), stream(ATTIC, StreamClient.LINES));
    for (StreamClient stream : streams) {
      assertThat(stream.next()).contains("\"welcome\"");
    }
    TcpClient nc = nc("attic");
    Await.until(
        "three pings each",
        () -> {
          nc.ask("say x");
          streams.forEach(StreamClient::heard);
          return streams.stream().allMatch(stream -> stream.pings >= 3);
        });
  }

  // --- coming back -----------------------------------------------------------------------------

  @Test
  void an_event_stream_goes_on_after_its_last_event_without_loss_or_repeat() {
    StreamClient stream = stream(ATTIC, StreamClient.EVENTS);
    assertThat(stream.next()).contains("\"welcome\"").doesNotContain("recovered");
    TcpClient nc = nc("attic");
    var heard = new ArrayList<String>();
    int said = 0;
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 4; i++) {
        nc.ask("say " + ++said);
      }
      for (int i = 0; i < round; i++) {
        heard.add(texts(stream.heard()).getFirst());
      }
      stream.reset(); // in the middle of what it is told
      stream =
          stream(ATTIC + "?after=dead:1", StreamClient.EVENTS, "Last-Event-ID: " + stream.lastId);
      assertThat(stream.next()).contains("\"recovered\":true");
      assertThat(stream.name).isEqualTo("welcome");
    }
    while (heard.size() < said) {
      heard.add(texts(stream.heard()).getFirst());
    }
    assertThat(heard).containsExactlyElementsOf(numbers(1, 20));
    nc.ask("say 21");
    assertThat(texts(stream.heard())).containsExactly("21");
  }

  private static List<String> numbers(int from, int to) {
    return IntStream.rangeClosed(from, to).mapToObj(String::valueOf).toList();
  }

  @Test
  void every_way_of_listening_takes_a_cursor() {
    String known = post("known");
    post("missed");
    for (Client each :
        List.of(
            stream(ATTIC + "?after=" + known, StreamClient.EVENTS),
            stream(ATTIC + "?after=" + known, StreamClient.LINES),
            socket(ATTIC + "?after=" + known))) {
      assertThat(each.next()).contains("\"welcome\"", "\"recovered\":true");
      assertThat(texts(each.heard())).containsExactly("missed");
    }
    assertThat(texts(curl().get(MESSAGES + "?after=" + known).body())).containsExactly("missed");
  }

  @ParameterizedTest
  @ValueSource(strings = {"dead:1", "EPOCH:99", "EPOCH:999999999999999999", "OTHER"})
  void cursors_that_lead_nowhere_are_answered_with_where_one_is_now(String after) {
    String now = post("one");
    String other = cursor(curl().post("/rooms/cellar/messages", "text/plain", "x").body());
    String asked = after.replace("EPOCH", now.split(":", -1)[0]).replace("OTHER", other);
    for (Client each :
        List.of(
            stream(ATTIC, StreamClient.EVENTS, "Last-Event-ID: " + asked),
            stream(ATTIC + "?after=" + asked, StreamClient.LINES),
            socket(ATTIC + "?after=" + asked))) {
      String welcome = String.valueOf(each.next());
      assertThat(welcome).contains("\"recovered\":false");
      assertThat(cursor(welcome)).isEqualTo(now);
    }
    String poll = curl().get(MESSAGES + "?wait=20000&after=" + asked).body();
    assertThat(poll).contains("\"messages\":[]", "\"recovered\":false");
    assertThat(cursor(poll)).isEqualTo(now);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "1", ":1", "e:", "e:-1", "e:x", "e:99999999999999999999", "e:1&after=e:1"})
  void what_is_no_cursor_is_a_problem(String after) {
    post("one");
    assertProblem(curl().get(MESSAGES + "?after=" + after), 400);
    assertProblem(curl().get(ATTIC + "?after=" + after, StreamClient.EVENTS), 400);
    assertProblem(curl().get(ATTIC + "?after=" + after, StreamClient.LINES), 400);
    HttpClient socket = curl();
    socket.text(WebSocketClient.handshake(ATTIC + "?after=" + after));
    assertProblem(socket.response(), 400);
    if (!after.contains("&")) {
      assertProblem(curl().get(ATTIC, StreamClient.EVENTS, "Last-Event-ID: " + after), 400);
    }
    awaitMembers("attic", 0);
  }

  // --- polls -----------------------------------------------------------------------------------

  @Test
  void a_poll_waits_for_a_message_and_costs_no_action() {
    String known = post("known");
    HttpClient poll = curl();
    poll.sendRequest("GET", MESSAGES + "?wait=3600000&after=" + known, "");
    awaitPolls(1);
    assertThat(server.api().actions().running()).isZero();
    String place = post("new");
    Response response = poll.response();
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.header("cache-control")).containsExactly("no-store");
    assertThat(texts(response.body())).containsExactly("new");
    assertThat(response.body()).endsWith(",\"recovered\":true}");
    assertThat(response.body()).contains("\"epoch\":\"" + place.replace(":", "\",\"offset\":"));
    awaitPolls(0);
    assertThat(poll.get(MESSAGES + "?after=" + place).body()).contains("\"messages\":[]");
  }

  @Test
  void a_poll_whose_time_is_over_is_answered_and_its_connection_lives() {
    HttpClient poll = curl();
    assertThat(poll.get("/rooms/nowhere/messages?wait=50").body())
        .isEqualTo("{\"room\":\"nowhere\",\"messages\":[]}");
    String now = post("one");
    String body = poll.get(MESSAGES + "?wait=50&after=" + now).body();
    assertThat(body).contains("\"messages\":[]");
    assertThat(cursor(body)).isEqualTo(now);
    awaitPolls(0);
  }

  @Test
  void a_poll_whose_client_has_gone_waits_no_longer() {
    HttpClient reset = curl();
    reset.sendRequest("GET", MESSAGES + "?wait=20000", "");
    awaitPolls(1);
    reset.reset();
    awaitPolls(0);
    HttpClient closed = curl();
    closed.sendRequest("GET", MESSAGES + "?wait=20000", "");
    awaitPolls(1);
    closed.close();
    awaitPolls(0);
    HttpClient asksMore = curl();
    asksMore.sendRequest("GET", MESSAGES + "?wait=20000", "");
    asksMore.text("GET " + ATTIC + " HTTP/1.1\r\nHost: x\r\n\r\n");
    awaitPolls(1);
    post("for who asks more");
    assertThat(texts(asksMore.response().body())).containsExactly("for who asks more");
    assertThat(asksMore.response().body()).startsWith("{\"room\":\"attic\"");
    assertThat(curl().get("/rooms/nowhere").body())
        .isEqualTo("{\"room\":\"nowhere\",\"members\":[],\"membersCount\":0}");
  }

  @Test
  void no_more_polls_wait_than_may() throws Exception {
    restart("limits.waitingPolls=1");
    curl().sendRequest("GET", MESSAGES + "?wait=20000", "");
    awaitPolls(1);
    HttpClient refused = curl();
    assertProblem(refused.get("/rooms/cellar/messages?wait=20000"), 503);
    assertThat(refused.get("/rooms/cellar/messages").status()).isEqualTo(200);
  }

  @Test
  void a_server_that_stops_answers_who_waits() {
    HttpClient poll = curl();
    poll.sendRequest("GET", MESSAGES + "?wait=20000", "");
    awaitPolls(1);
    server.close();
    assertThat(poll.response().body()).contains("\"messages\":[]");
    assertThat(poll.read()).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "wait=-1",
        "wait=x",
        "wait=",
        "wait=1e3",
        "wait=9999999999",
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=1&limit=2",
        "wait=%zz"
      })
  void what_is_no_number_is_a_problem(String query) {
    assertProblem(curl().get(MESSAGES + "?" + query), 400);
  }

  @Test
  void a_limit_says_how_many_and_the_cursor_how_to_go_on() {
    String at = post("0");
    numbers(1, 5).forEach(this::post);
    String page = curl().get(MESSAGES + "?limit=2&after=" + at).body();
    assertThat(texts(page)).containsExactly("1", "2");
    String end = page.substring(page.indexOf("]"));
    page = curl().get(MESSAGES + "?limit=1000000&after=" + cursor(end)).body();
    assertThat(texts(page)).containsExactly("3", "4", "5");
    assertThat(texts(curl().get(MESSAGES + "?limit=2").body())).containsExactly("4", "5");
  }

  // --- says ------------------------------------------------------------------------------------

  @Test
  void one_can_say_any_json_a_text_or_a_form() {
    TcpClient nc = nc("attic");
    HttpClient browser = browser();
    Response first = browser.post(MESSAGES, JSON, "{\"message\":{\"a\":[1,null]}}");
    assertThat(first.status()).isEqualTo(201);
    assertThat(first.header("set-cookie")).hasSize(1);
    assertThat(first.header("location")).isEmpty();
    assertThat(first.body()).matches("\\{\"room\":\"attic\",\"epoch\":\"\\w+\",\"offset\":1}");
    String heard = nc.heard();
    assertThat(heard).contains("\"message\":{\"a\":[1,null]}");
    browser.post(MESSAGES, "text/plain; charset=utf-8", "grüß dich\r\n\0");
    String second = nc.heard();
    assertThat(second).contains("\"message\":\"grüß dich\\r\\n\\u0000\"");
    assertThat(field(second, "from")).isEqualTo(field(heard, "from")).hasSize(40);
    browser.post(MESSAGES, "application/x-www-form-urlencoded", "message=a+b%26c");
    assertThat(texts(nc.heard())).containsExactly("a b&c");
  }

  @Test
  void what_is_said_again_under_the_same_id_is_told_once() {
    TcpClient nc = nc("attic");
    HttpClient browser = browser();
    String say = "{\"message\":\"once\",\"messageId\":7}";
    browser.post(MESSAGES, JSON, "{\"message\":\"hello\"}");
    String first = cursor(browser.post(MESSAGES, JSON, say).body());
    assertThat(cursor(browser.post(MESSAGES, JSON, say).body())).isEqualTo(first);
    HttpClient stranger = curl();
    stranger.sendRequest(
        "POST", MESSAGES, "twice", "Content-Type: text/plain", "Idempotency-Key: k");
    String second = cursor(stranger.response().body());
    HttpClient again = curl();
    again.sendRequest("POST", MESSAGES, "twice", "Content-Type: text/plain", "Idempotency-Key: k");
    assertThat(cursor(again.response().body())).isEqualTo(second);
    HttpClient elsewhere = opened(new HttpClient(server.httpPort(), "127.0.0.2"));
    elsewhere.sendRequest(
        "POST", MESSAGES, "twice", "Content-Type: text/plain", "Idempotency-Key: k");
    assertThat(cursor(elsewhere.response().body())).as("another's k").isNotEqualTo(second);
    post("end");
    assertThat(List.of(nc.heard(), nc.heard(), nc.heard(), nc.heard(), nc.heard()))
        .extracting(heard -> texts(heard).getFirst())
        .containsExactly("hello", "once", "twice", "twice", "end");
  }

  @Test
  void what_is_posted_may_be_for_some_only() {
    TcpClient friend = nc("attic");
    TcpClient stranger = nc("attic");
    HttpClient curl = curl();
    String id = friend.id();
    String aimed = "\"roomMatchKey\":\"id\",\"roomMatchValue\":\"" + id + "\"}";
    assertThat(curl.post(MESSAGES, JSON, "{\"message\":\"json\"," + aimed).status()).isEqualTo(201);
    String form = "message=form&roomMatchKey=id&roomMatchValue=" + id;
    String urlencoded = "application/x-www-form-urlencoded";
    assertThat(curl.post(MESSAGES, urlencoded, form).status()).isEqualTo(201);
    assertThat(curl.post(MESSAGES, urlencoded, form + "&roomMatchKey=id").status()).isEqualTo(400);
    String nobody = "{\"message\":\"x\",\"roomMatchKey\":[],\"roomMatchValue\":\"x\"}";
    assertThat(curl.post(MESSAGES, JSON, nobody).status()).isEqualTo(201);
    post("end");
    assertThat(List.of(friend.heard(), friend.heard(), friend.heard()))
        .extracting(heard -> texts(heard).getFirst())
        .containsExactly("json", "form", "end");
    assertThat(texts(stranger.heard())).containsExactly("end");
  }

  @Test
  void own_words_do_not_come_back_in_ones_queue() throws Exception {
    restart("commonWeb.httpClientMessageTTL=30s");
    HttpClient browser = browser();
    browser.get("/chat/?method=roomChange&room=attic");
    browser.post(MESSAGES, "text/plain", "mine");
    post("theirs");
    assertThat(texts(browser.get("/chat/?method=messages").body())).containsExactly("theirs");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "400 | application/json | {}",
        "400 | application/json | []",
        "400 | application/json | {\"message\":",
        "400 | application/json | {\"message\":1,\"messageId\":{}}",
        "400 | text/plain | ''",
        "400 | application/x-www-form-urlencoded | text=x",
        "400 | application/x-www-form-urlencoded | message=1&message=2",
        "400 | application/x-www-form-urlencoded | message=%zz",
        "415 | application/xml | <message/>",
        "415 | '' | x",
      })
  void what_says_nothing_is_a_problem(int status, String type, String body) {
    TcpClient nc = nc("attic");
    assertProblem(curl().post(MESSAGES, type, body), status);
    post("next");
    assertThat(texts(nc.heard())).containsExactly("next");
  }

  @Test
  void a_message_is_no_longer_than_others_may_say_and_is_utf8() {
    assertProblem(curl().post(MESSAGES, "text/plain", "x".repeat(64 * 1024 + 1)), 413);
    HttpClient broken = curl();
    broken.text(
        "POST "
            + MESSAGES
            + " HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n");
    broken.bytes((byte) 0xC3, (byte) 0x28);
    assertProblem(broken.response(), 400);
    HttpClient key = curl();
    key.sendRequest(
        "POST", MESSAGES, "x", "Content-Type: text/plain", "Idempotency-Key: " + "k".repeat(257));
    assertProblem(key.response(), 400);
    assertThat(curl().post(MESSAGES, "text/plain", "x".repeat(64 * 1024)).status()).isEqualTo(201);
  }

  // --- names and methods -----------------------------------------------------------------------

  @Test
  void names_are_decoded_and_any_name_will_do() {
    TcpClient nc = nc("a/b ü+?");
    String url = "/rooms/a%2Fb%20%C3%BC+%3F";
    assertThat(curl().post(url + "/messages", "text/plain", "hi").status()).isEqualTo(201);
    assertThat(texts(nc.heard())).containsExactly("hi");
    assertThat(curl().get(url).body()).contains("\"room\":\"a/b ü+?\"", "\"membersCount\":1");
    assertThat(socket(url).next()).contains("\"room\":\"a/b ü+?\"");
    for (String odd : List.of("__proto__", "constructor", "messages", "..", "%2e%2e%2f", "%00a")) {
      assertThat(curl().get("/rooms/" + odd).status()).isEqualTo(odd.equals("%00a") ? 400 : 200);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "404, /rooms/",
    "404, /rooms//messages",
    "404, /rooms/attic/",
    "404, /rooms/attic/members",
    "404, /rooms/attic/messages/1",
    "400, /rooms/%zz",
    "400, /rooms/a%0Ab",
    "400, /rooms/a%0D%0AX-Evil:1/messages",
  })
  void what_is_no_room_is_a_problem(int status, String path) {
    assertProblem(curl().get(path), status);
    assertProblem(curl().get(path, StreamClient.EVENTS), status);
    HttpClient socket = curl();
    socket.text(WebSocketClient.handshake(path));
    assertProblem(socket.response(), status);
  }

  @Test
  void too_long_a_name_is_a_problem() {
    assertProblem(curl().get("/rooms/" + "x".repeat(257)), 400);
    assertThat(curl().get("/rooms/" + "x".repeat(256)).status()).isEqualTo(200);
  }

  @Test
  void methods_that_do_not_work_are_answered_with_those_that_do() {
    HttpClient curl = curl();
    curl.sendRequest("POST", ATTIC, "x", "Content-Type: text/plain");
    Response room = curl.response();
    assertProblem(room, 405);
    assertThat(room.header("allow")).containsExactly("GET, HEAD, OPTIONS");
    curl.sendRequest("DELETE", MESSAGES, "");
    Response messages = curl.response();
    assertProblem(messages, 405);
    assertThat(messages.header("allow")).containsExactly("GET, HEAD, POST, OPTIONS");
    curl.sendRequest("OPTIONS", ATTIC, "");
    assertThat(curl.response().header("allow")).containsExactly("GET, HEAD, OPTIONS");
  }

  @Test
  void head_is_answered_as_get_without_a_body() {
    HttpClient curl = curl();
    String length = curl.get(ATTIC).header("content-length").getFirst();
    curl.text("HEAD " + ATTIC + " HTTP/1.1\r\nHost: x\r\n" + StreamClient.EVENTS + "\r\n\r\n");
    curl.text("HEAD " + MESSAGES + "?wait=20000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    var rest = new StringBuilder();
    for (int b = curl.read(); b >= 0; b = curl.read()) {
      rest.append((char) b);
    }
    assertThat(rest.toString().split("HTTP/1.1 200 OK", -1)).hasSize(3);
    assertThat(rest.toString()).contains("content-length: " + length).doesNotContain("{");
  }

  // --- pages of other sites --------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {"Sec-Fetch-Site: cross-site", "Origin: http://evil.example", "Origin: null"})
  void pages_of_other_sites_may_neither_be_in_a_room_nor_speak(String header) {
    assertProblem(curl().get(ATTIC, StreamClient.EVENTS, header), 403);
    assertProblem(curl().get(ATTIC, StreamClient.LINES, header), 403);
    HttpClient curl = curl();
    curl.sendRequest("POST", MESSAGES, "x", "Content-Type: text/plain", header);
    assertProblem(curl.response(), 403);
    if (header.startsWith("Origin")) {
      HttpClient socket = curl();
      socket.text(WebSocketClient.handshake(ATTIC, header + "\r\n"));
      assertProblem(socket.response(), 403);
    }
    assertThat(curl().get(MESSAGES).body()).contains("\"messages\":[]");
  }

  @Test
  void pages_of_origins_that_are_named_may_and_give_their_last_event_id() throws Exception {
    restart("httpServer.corsOrigins=https://shop.example");
    String origin = "Origin: https://shop.example";
    StreamClient stream = opened(new StreamClient(server.httpPort(), null));
    stream.request(ATTIC, StreamClient.EVENTS, origin);
    assertThat(stream.head())
        .contains("access-control-allow-origin: https://shop.example")
        .contains("access-control-allow-credentials: true");
    HttpClient curl = curl();
    curl.sendRequest("OPTIONS", ATTIC, "", origin);
    assertThat(curl.response().header("access-control-allow-headers").getFirst())
        .contains("last-event-id", "idempotency-key", "content-type");
  }

  // --- those who do not read -------------------------------------------------------------------

  @Test
  void a_stream_that_nobody_reads_is_cut_off_and_the_others_chat_on() throws Exception {
    restart("limits.outboundBytes=131072", "limits.answerBytes=1024");
    StreamClient idle = stream(ATTIC, StreamClient.EVENTS);
    idle.socket.setReceiveBufferSize(4096); // so that little is on its way
    StreamClient reader = stream(ATTIC, StreamClient.EVENTS);
    TcpClient nc = nc("attic");
    awaitMembers("attic", 3);
    String text = "x".repeat(50_000);
    var _ = reader.next();
    for (int said = 0; server.api().connections().size() == 3; said++) {
      assertThat(said).as("says before it is cut off").isLessThan(2_000);
      assertThat(nc.ask("say " + text)).contains("OK");
      assertThat(reader.heard()).contains("xxx");
    }
    awaitMembers("attic", 2);
    nc.ask("say after all that");
    assertThat(texts(reader.heard())).containsExactly("after all that");
    assertThat(idle.next()).contains("\"welcome\"");
    post("they are gone");
    assertThat(texts(reader.heard())).containsExactly("they are gone");
  }
}
