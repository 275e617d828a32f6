package io.earshot.netty.action;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.Actions;
import io.earshot.Call;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.HttpHandler;
import io.earshot.netty.testing.Await;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.Logged;
import io.earshot.netty.testing.TcpClient;
import io.earshot.protocol.Json;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.io.Closeable;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Actions and the chat over HTTP, tried on real sockets. */
final class WebTest {
  private final Deque<Closeable> open = new ConcurrentLinkedDeque<>();
  private EarshotServer server = start(Config.defaults());

  private EarshotServer start(Config config) {
    EarshotServer started = Kind.LEAN_LINES.start(config);
    started.api().actions().add(new Echo());
    started.api().actions().add(new Broken());
    return started;
  }

  private void restart(String... settings) throws Exception {
    closeClients();
    server.close();
    Config config = Config.defaults();
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    server = start(config);
  }

  private void closeClients() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  @AfterEach
  void stop() throws Exception {
    closeClients();
    server.close();
  }

  /** Gives back its params. */
  static final class Echo implements Action {
    @Override
    public List<String> optional() {
      return List.of("x", "y");
    }

    @Override
    public void run(Call call) {
      call.put("echo", List.copyOf(call.params().values()));
    }
  }

  static final class Broken implements Action {
    @Override
    public void run(Call call) {
      throw new IllegalStateException("planted");
    }
  }

  private HttpClient browser() {
    var client = new HttpClient(server.httpPort(), true);
    open.push(client);
    return client;
  }

  private HttpClient curl() {
    var client = new HttpClient(server.httpPort(), false);
    open.push(client);
    return client;
  }

  private TcpClient tcp() {
    TcpClient client = TcpClient.welcomed(server.tcpPort());
    open.push(client);
    return client;
  }

  private static String chat(String rest) {
    return "/chat/?method=" + rest;
  }

  // --- actions ---------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/echo?x=1",
        "/echo/?x=1",
        "/api/echo?x=1",
        "/?action=echo&x=1",
        "/api/?action=echo&x=1",
        "/api?action=echo&x=1"
      })
  void an_action_is_named_by_the_path_or_a_param(String path) {
    Response response = curl().get(path);
    assertThat(response.status()).isEqualTo(200);
    assertThat(response.body())
        .contains(
            "\"echo\":[",
            "\"1\"",
            "\"serverInformation\":{\"serverName\":\"Earshot\",\"apiVersion\":\"1.0\",\"requestDuration\":",
            "\"requestorInformation\":{\"id\":\"",
            "\"remoteAddress\":\"127.0.0.1\"",
            "\"receivedParams\":{");
    assertThat(response.header("content-type")).containsExactly("application/json");
    assertThat(response.header("x-powered-by")).containsExactly("Earshot");
  }

  @Test
  void params_come_from_the_query_and_from_each_kind_of_body() {
    HttpClient curl = curl();
    assertThat(curl.post("/echo?y=q", "application/x-www-form-urlencoded", "x=a+b%21").body())
        .contains("[\"q\",\"a b!\"]");
    assertThat(
            curl.post("/echo", "application/json; charset=utf-8", "{\"x\":{\"deep\":[1.50]}}")
                .body())
        .contains("[{\"deep\":[1.50]}]");
    String form = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nfä\r\n--b--\r\n";
    assertThat(curl.post("/echo", "multipart/form-data; boundary=b", form).body())
        .contains("[\"fä\"]");
    assertThat(curl.post("/echo?y=1", "text/plain", "x=a").body()).contains("\"echo\":[\"1\"]");
    assertThat(curl.get("/echo?x=1&x=2&x=3").body()).contains("[[\"1\",\"2\",\"3\"]]");
    assertThat(curl.get("/echo?x=1&other=2").body())
        .contains("\"echo\":[\"1\"]")
        .doesNotContain("other");
  }

  @ParameterizedTest
  @CsvSource({
    "/fly,404",
    "/chat,422",
    "/chat?method=fly,400",
    "/broken,500",
    "/echo,200",
    "/toString,404",
    "/__proto__,404"
  })
  void errors_have_a_status_of_their_own_where_that_is_wanted(String path, int status)
      throws Exception {
    Response plain = curl().get(path);
    assertThat(plain.status()).isEqualTo(status == 500 ? 500 : 200);
    restart("commonWeb.returnErrorCodes=true");
    Response coded = curl().get(path);
    assertThat(coded.status()).isEqualTo(status);
    assertThat(coded.body().contains("\"error\":\"Error: ")).isEqualTo(status != 200);
  }

  @Test
  void a_call_of_a_function_is_only_made_if_its_name_is_one_and_never_with_messages() {
    HttpClient curl = curl();
    Response called = curl.get("/echo?callback=my.fn_$1");
    assertThat(called.body()).startsWith("my.fn_$1({").endsWith("});");
    assertThat(called.header("content-type")).containsExactly("application/javascript");
    assertThat(called.header("x-content-type-options")).containsExactly("nosniff");
    assertThat(curl.get("/echo?callback=%3Cscript%3E").status()).isEqualTo(400);
    assertThat(curl.get("/echo?callback=" + "a".repeat(65)).status()).isEqualTo(400);
    assertThat(curl.get("/echo?callback=a&callback=b").status()).isEqualTo(400);
    assertThat(curl.get(chat("messages&callback=cb")).status()).isEqualTo(400);
  }

  @Test
  void xml_is_labelled_as_xml_and_escaped() {
    Response xml = curl().get("/echo?outputType=xml&x=%3Ca%3E%26%00&y=1&y=2");
    assertThat(xml.header("content-type")).containsExactly("application/xml; charset=utf-8");
    assertThat(xml.body())
        .startsWith("<?xml version=\"1.0\" encoding=\"utf-8\"?><XML>")
        .contains("<echo>&lt;a&gt;&amp;\uFFFD</echo>", "<echo>1</echo><echo>2</echo>")
        .endsWith("</XML>");
  }

  @Test
  void answers_keep_the_order_of_their_requests() {
    HttpClient curl = curl();
    IntStream.range(0, 30).forEach(i -> curl.sendRequest("GET", "/echo?x=" + i, ""));
    IntStream.range(0, 30)
        .forEach(i -> assertThat(curl.response().body()).contains("[\"" + i + "\"]"));
  }

  @Test
  void head_and_options_are_answered() {
    HttpClient curl = curl();
    curl.text("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) curl.read());
    }
    assertThat(head).contains(" 200 ", "content-length: ");
    assertThat(curl.response().header("allow")).singleElement().asString().contains("POST");
  }

  // --- the chat action -------------------------------------------------------------------------

  @Test
  void what_an_http_client_says_is_heard_in_its_room_from_its_id() {
    TcpClient hearer = tcp();
    Response said = curl().get(chat("say&message=Hello%20W%C3%B6rld"));
    assertThat(said.body()).doesNotContain("error");
    assertThat(hearer.heard())
        .contains(
            "\"message\":\"Hello Wörld\"",
            "\"room\":\"defaultRoom\"",
            "\"from\":\"" + said.id() + "\"");
    curl().get(chat("say&message="));
    assertThat(hearer.heard()).contains("\"message\":\"\"");
  }

  @Test
  void the_room_rides_in_a_cookie_whatever_its_name() {
    String room = "a;b=c \"ä\" ✓";
    TcpClient hearer = tcp();
    hearer.ask("{\"event\":\"roomChange\",\"room\":\"a;b=c \\\"ä\\\" ✓\"}");
    HttpClient browser = browser();
    Response changed =
        browser.get(
            chat(
                "roomChange&room="
                    + java.net.URLEncoder.encode(room, java.nio.charset.StandardCharsets.UTF_8)));
    assertThat(changed.body()).contains("\"room\":\"a;b=c \\\"ä\\\" ✓\"");
    assertThat(changed.header("set-cookie"))
        .allSatisfy(
            cookie ->
                assertThat(cookie)
                    .contains("Path=/", "HTTPOnly", "SameSite=Lax")
                    .doesNotContain("Secure"));
    browser.get(chat("say&message=hi"));
    assertThat(hearer.heard()).contains("\"message\":\"hi\"");
    assertThat(browser.get(chat("roomView")).body()).contains("\"membersCount\":1");
    assertThat(browser.get("/api/chat?method=detailsView").body())
        .contains("\"room\":\"a;b=c \\\"ä\\\" ✓\"", "\"public\":{");
  }

  @Test
  void without_cookies_each_request_is_somebody_new_in_the_default_room() {
    HttpClient curl = curl();
    String first = curl.get(chat("roomChange&room=attic")).id();
    Response second = curl.get(chat("detailsView"));
    assertThat(second.body()).contains("\"room\":\"defaultRoom\"");
    assertThat(second.id()).isNotEqualTo(first);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "say|Error: message is required to use the say method",
        "roomChange|Error: room is required to use the roomChange method",
        "roomChange&room=|Error: room is required to use the roomChange method",
        "roomChange&room=a%0Ab|Error: room names have 1 to 256 characters and no control characters",
        "fly|Error: fly is not a known chat method",
        "say&method=say&message=x|Error: method must be given once, as a text",
        "__proto__|Error: __proto__ is not a known chat method",
        "|Error: method is a required parameter for this action"
      })
  void what_a_method_lacks_is_said(String rest, String error) {
    assertThat(curl().get(chat(rest == null ? "" : rest)).body())
        .contains("\"error\":\"" + error + "\"");
  }

  @Test
  void those_who_have_a_connection_chat_with_their_verbs() {
    assertThat(tcp().ask("{\"action\":\"chat\",\"params\":{\"method\":\"roomView\"}}"))
        .contains("only for web clients");
  }

  // --- identity --------------------------------------------------------------------------------

  @Test
  void the_cookie_is_a_secret_and_the_id_is_not_the_cookie() {
    HttpClient browser = browser();
    String id = browser.get(chat("detailsView")).id();
    String secret = browser.cookie("sessionID");
    assertThat(secret).hasSize(80).doesNotContain(id);
    Response again = browser.get(chat("detailsView"));
    assertThat(again.id()).isEqualTo(id);
    assertThat(again.header("set-cookie")).isEmpty();
  }

  @Test
  void a_cookie_that_was_not_made_here_is_never_adopted() {
    HttpClient victim = browser();
    String id = victim.get(chat("detailsView")).id();
    String secret = victim.cookie("sessionID");
    String tcpId = tcp().id();
    char last = secret.charAt(79);
    for (String forged :
        List.of(
            id,
            tcpId,
            "x",
            "",
            "0".repeat(80),
            secret.substring(0, 79) + (last == '0' ? '1' : '0'),
            secret.substring(0, 40),
            secret + "0")) {
      HttpClient thief = browser();
      thief.setCookie("sessionID", forged);
      Response response = thief.get(chat("detailsView"));
      assertThat(response.id()).isNotIn(id, tcpId, forged);
      assertThat(thief.cookie("sessionID")).isNotEqualTo(forged).hasSize(80);
    }
  }

  @Test
  void a_cookie_of_the_same_name_in_front_of_ours_hides_nothing() {
    HttpClient browser = browser();
    String id = browser.get("/echo").id();
    String cookie = "Cookie: sessionID=planted; sessionID=" + browser.cookie("sessionID");
    assertThat(curl().get("/echo", cookie).id()).isEqualTo(id);
  }

  @Test
  void cookies_can_be_named_otherwise_or_left_out() throws Exception {
    restart("commonWeb.fingerprintOptions.cookieKey=sid");
    assertThat(curl().get("/echo").header("set-cookie"))
        .singleElement()
        .asString()
        .startsWith("sid=");
    restart("commonWeb.fingerprintOptions.toSetCookie=false");
    assertThat(curl().get("/echo").header("set-cookie")).isEmpty();
  }

  @Test
  void who_is_told_apart_by_headers_is_the_same_as_long_as_they_are() throws Exception {
    restart("commonWeb.fingerprintOptions.onlyStaticElements=true");
    String id = curl().get("/echo", "User-Agent: a").id();
    assertThat(curl().get("/echo", "User-Agent: a", "Referer: http://x/").id()).isEqualTo(id);
    assertThat(curl().get("/echo", "User-Agent: b").id()).isNotEqualTo(id);
  }

  @Test
  void a_secret_from_the_settings_outlasts_a_restart() throws Exception {
    restart("commonWeb.cookieSecret=correct horse battery staple");
    HttpClient before = browser();
    String id = before.get("/echo").id();
    String cookie = before.cookie("sessionID");
    restart("commonWeb.cookieSecret=correct horse battery staple");
    HttpClient after = browser();
    after.setCookie("sessionID", cookie);
    assertThat(after.get("/echo").id()).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Sec-Fetch-Site: cross-site", "Origin: http://evil.example", "Origin: null"})
  void pages_of_other_sites_may_not_chat_and_their_cookies_mean_nothing(String header) {
    HttpClient browser = browser();
    String id = browser.get("/echo").id();
    assertThat(browser.get(chat("say&message=x"), header).status()).isEqualTo(403);
    Response echo = browser.get("/echo", header);
    assertThat(echo.id()).isNotEqualTo(id);
    assertThat(echo.header("set-cookie")).isEmpty();
    assertThat(echo.header("access-control-allow-origin")).isEmpty();
  }

  @Test
  void pages_of_origins_that_are_named_may_and_those_of_any_only_without_cookies()
      throws Exception {
    restart("httpServer.corsOrigins=https://shop.example");
    Response named = browser().get(chat("say&message=x"), "Origin: https://shop.example");
    assertThat(named.status()).isEqualTo(200);
    assertThat(named.header("access-control-allow-origin")).containsExactly("https://shop.example");
    restart("httpServer.corsOrigins=*");
    Response any = browser().get(chat("say&message=x"), "Origin: https://any.example");
    assertThat(any.header("access-control-allow-origin")).containsExactly("*");
    assertThat(any.header("access-control-allow-credentials")).isEmpty();
    assertThat(any.header("set-cookie")).isEmpty();
  }

  // --- message queues --------------------------------------------------------------------------

  @Test
  void without_queues_there_are_no_messages_and_no_members() {
    TcpClient witness = tcp();
    HttpClient browser = browser();
    assertThat(browser.get(chat("messages")).body())
        .contains("\"message\":null")
        .doesNotContain("error");
    witness.ask("say one");
    assertThat(browser.get(chat("messages")).body()).contains("\"message\":null");
    assertThat(browser.get(chat("roomView")).body()).contains("\"membersCount\":1");
  }

  @Test
  void with_queues_a_client_is_a_member_and_fetches_one_message_at_a_time_the_oldest_first()
      throws Exception {
    restart("commonWeb.httpClientMessageTTL=30s");
    TcpClient witness = tcp();
    HttpClient browser = browser();
    String id = browser.get(chat("messages")).id();
    assertThat(witness.heard()).contains("I have entered the room", id);
    witness.ask("say one");
    witness.ask("say two");
    browser.get(chat("say&message=mine"));
    assertThat(witness.heard()).contains("mine");
    assertThat(browser.get(chat("messages")).body())
        .contains(
            "\"message\":{\"message\":\"one\",\"room\":\"defaultRoom\",\"from\":\""
                + witness.id()
                + "\",\"context\":\"user\",\"sentAt\":");
    assertThat(browser.get(chat("messages")).body()).contains("\"message\":{\"message\":\"two\"");
    assertThat(browser.get(chat("messages")).body()).contains("\"message\":null");
    assertThat(browser.get(chat("roomView")).body()).contains("\"membersCount\":2", id);
  }

  @Test
  void a_change_of_room_leaves_the_old_one_and_is_told_in_both() throws Exception {
    restart("commonWeb.httpClientMessageTTL=30s");
    TcpClient here = tcp();
    TcpClient there = tcp();
    there.ask("roomChange attic");
    here.heard();
    here.heard();
    HttpClient browser = browser();
    browser.get(chat("roomChange&room=attic"));
    assertThat(List.of(here.heard(), here.heard()))
        .satisfiesExactly(
            line -> assertThat(line).contains("entered"),
            line -> assertThat(line).contains("left"));
    assertThat(there.heard()).contains("entered");
    assertThat(here.ask("roomView")).contains("\"membersCount\":1");
    assertThat(there.ask("roomView")).contains("\"membersCount\":2");
  }

  @Test
  void who_asks_for_nothing_for_long_enough_has_left_and_its_queue_is_gone() throws Exception {
    restart("commonWeb.httpClientMessageTTL=300ms");
    TcpClient witness = tcp();
    HttpClient browser = browser();
    browser.get(chat("messages"));
    witness.ask("say lost");
    assertThat(witness.heard()).contains("I have left the room");
    assertThat(browser.get(chat("messages")).body()).contains("\"message\":null");
  }

  @Test
  void a_poll_may_wait_for_a_message() throws Exception {
    restart("commonWeb.httpClientMessageTTL=200ms");
    TcpClient witness = tcp();
    HttpClient browser = browser();
    browser.get(chat("messages"));
    browser.sendRequest("GET", chat("messages&wait=20000"), "");
    Await.until(
        "it is a member still", () -> witness.ask("roomView").contains("\"membersCount\":2"));
    witness.ask("say at last");
    assertThat(browser.response().body()).contains("\"message\":\"at last\"");
    assertThat(browser.get(chat("messages&wait=1")).body()).contains("\"message\":null");
  }

  @Test
  void server_code_fetches_messages_too() throws Exception {
    restart("commonWeb.httpClientMessageTTL=30s");
    HttpClient browser = browser();
    String id = browser.get(chat("messages")).id();
    server.api().chatRoom().socketRoomBroadcast(null, "for all").toCompletableFuture().join();
    var connection = server.api().connection(id).orElseThrow();
    var web = server.api().webServer();
    // The room's loop puts it into the queue: it may be there a moment after the answer.
    Await.until(
        "the message",
        () ->
            web.getWebChatMessage(connection)
                .toCompletableFuture()
                .join()
                .toString()
                .contains("for all"));
  }

  @Test
  void clients_with_queues_are_bounded_in_number() throws Exception {
    restart("commonWeb.httpClientMessageTTL=30s", "limits.webClients=10");
    HttpClient curl = curl();
    IntStream.range(0, 10)
        .forEach(_ -> assertThat(curl.get("/echo").body()).doesNotContain("error"));
    assertThat(curl.get("/echo").body()).contains("too many clients");
  }

  @Test
  void messages_for_some_are_queued_for_those_alone() throws Exception {
    restart("commonWeb.httpClientMessageTTL=30s", "rooms.announcements=false");
    HttpClient friend = browser();
    HttpClient stranger = browser();
    String id = friend.get(chat("messages")).id();
    stranger.get(chat("messages"));
    curl().get(chat("say&message=psst&roomMatchKey=id&roomMatchValue=" + id));
    assertThat(friend.get(chat("messages")).body()).contains("psst");
    assertThat(stranger.get(chat("messages")).body()).contains("\"message\":null");
  }

  @Test
  void a_poll_that_nobody_waits_for_any_more_takes_no_message() throws Exception {
    restart("commonWeb.httpClientMessageTTL=30s");
    TcpClient witness = tcp();
    HttpClient browser = browser();
    browser.get(chat("messages"));
    HttpClient polling = curl();
    polling.setCookie("sessionID", browser.cookie("sessionID"));
    polling.sendRequest("GET", chat("messages&wait=20000"), "");
    Await.until("the poll waits", () -> server.api().actions().running() > 0);
    polling.reset();
    Await.until("it waits no longer", () -> server.api().actions().running() == 0);
    witness.ask("say not lost");
    assertThat(browser.get(chat("messages")).body()).contains("not lost");
  }

  @Test
  void who_was_sent_away_may_come_again() throws Exception {
    restart("commonWeb.httpClientMessageTTL=30s");
    TcpClient witness = tcp();
    HttpClient browser = browser();
    String id = browser.get(chat("messages")).id();
    server.api().connection(id).orElseThrow().close("enough");
    Await.until("it has left", () -> witness.ask("roomView").contains("\"membersCount\":1"));
    assertThat(browser.get(chat("say&message=again")).body()).doesNotContain("error");
    assertThat(browser.get(chat("roomView")).body()).contains("\"membersCount\":2");
  }

  @Test
  void what_was_asked_before_the_end_of_the_input_is_answered() {
    HttpClient curl = curl();
    IntStream.range(0, 5).forEach(i -> curl.sendRequest("GET", "/echo?x=" + i, ""));
    curl.shutdownOutput();
    IntStream.range(0, 5)
        .forEach(i -> assertThat(curl.response().body()).contains("[\"" + i + "\"]"));
    assertThat(curl.read()).isEqualTo(-1);
  }

  @Test
  void an_answer_that_cannot_be_said_is_an_error_and_the_connection_lives() {
    server
        .api()
        .actions()
        .add(
            Action.of(
                "deep",
                call -> {
                  Object deep = "x";
                  for (int i = 0; i < 600; i++) {
                    deep = List.of(deep);
                  }
                  call.put("deep", deep);
                }));
    HttpClient curl = curl();
    assertThat(curl.get("/deep").status()).isEqualTo(500);
    assertThat(curl.get("/echo").status()).isEqualTo(200);
    TcpClient tcp = tcp();
    assertThat(tcp.ask("deep")).contains("internal error", "\"messageCount\":1");
    assertThat(tcp.ask("detailsView")).contains("\"pendingActions\":0");
  }

  @Test
  void a_page_of_the_same_site_but_another_origin_may_not_chat() {
    assertThat(browser().get(chat("say&message=x"), "Sec-Fetch-Site: same-site").status())
        .isEqualTo(403);
    assertThat(browser().get(chat("say&message=x"), "Sec-Fetch-Site: same-origin").status())
        .isEqualTo(200);
  }

  @Test
  void methods_versions_and_codings_that_are_not_understood_are_said_to_be_so() {
    for (String head :
        List.of(
            "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n",
            "TRACE / HTTP/1.1\r\nHost: x\r\n",
            "GET /echo HTTP/2.0\r\nHost: x\r\n",
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n")) {
      HttpClient raw = curl();
      raw.text(head + "\r\n");
      assertThat(raw.response().status()).isIn(400, 501);
    }
    HttpClient absolute = curl();
    assertThat(absolute.get("http://localhost/echo?x=1").body()).contains("\"echo\":[\"1\"]");
  }

  @Test
  void with_the_root_for_files_actions_are_under_api(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("index.html"), "<p>of the house");
    Files.writeString(folder.resolve("echo"), "a file called echo");
    restart("commonWeb.rootEndpointType=file", "httpServer.publicFolder=" + folder);
    assertThat(curl().get("/").body()).isEqualTo("<p>of the house");
    assertThat(curl().get("/echo?x=1").body()).isEqualTo("a file called echo");
    assertThat(curl().get("/api/echo?x=1").body()).contains("\"echo\":[\"1\"]");
    assertThat(curl().get("/api?action=echo&x=1").body()).contains("\"echo\":[", "\"1\"");
    assertThat(curl().get("/public/echo").body()).isEqualTo("a file called echo");
    assertThat(curl().get("/missing").status()).isEqualTo(404);
  }

  @Test
  void what_the_open_api_document_names_is_there() {
    server.api().actions().add(Action.of("odd{name}?\u00e9", call -> call.put("odd", true)));
    String document = curl().get("/api/actionsView?format=openapi").body();
    List<String> paths =
        Pattern.compile("\"(/api/[^\"]*)\":\\{")
            .matcher(document)
            .results()
            .map(m -> m.group(1))
            .toList();
    assertThat(paths).contains("/api/status", "/api/echo", "/api/odd%7Bname%7D%3F%C3%A9");
    for (String path : paths) {
      assertThat(curl().get(path).body()).as(path).doesNotContain("is not a known action");
    }
  }

  // --- bad input -------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nabcde",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nabcde",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /echo HTTP/1.1\nHost: x\n\n",
        "GET /echo HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
        "GET /echo HTTP/1.1\r\n Host: x\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHo st: x\r\n\r\n",
        "nonsense\r\n\r\n"
      })
  void what_two_servers_may_read_differently_is_refused_and_the_connection_closed(String request) {
    HttpClient raw = curl();
    raw.text(request + "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    assertThat(raw.response().status()).isEqualTo(400);
    assertThat(raw.read()).isEqualTo(-1);
  }

  @Test
  void forms_that_end_too_early_are_refused_and_leave_nothing_behind() {
    String begun =
        "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n" + "x".repeat(50_000);
    var memory = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
    long before = 0;
    for (int i = 0; i < 1_000; i++) {
      HttpClient.Response answer;
      try (var curl = new HttpClient(server.httpPort(), false)) {
        answer = curl.post("/echo", "multipart/form-data; boundary=b", begun);
      }
      assertThat(answer.status()).isEqualTo(400);
      assertThat(answer.body()).contains("the form ends before its last boundary");
      before = i == 100 ? memory.usedDirectMemory() : before;
    }
    assertThat(memory.usedDirectMemory()).isLessThan(before + (16 << 20));
  }

  @Test
  void who_hangs_up_at_once_is_no_fault_in_the_log() throws Exception {
    server.api().actions().add(new Waiting());
    List<String> requests =
        List.of(
            "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
            "GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n");
    try (var doors = new Logged(HttpHandler.class);
        var actions = new Logged(Actions.class)) {
      for (int i = 0; i < 1_000; i++) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort())) {
          socket.setSoLinger(true, 0);
          socket.getOutputStream().write(requests.get(i % 2).getBytes(StandardCharsets.US_ASCII));
          if (i % 4 == 1) {
            Waiting.BEGUN.acquire();
          }
        } catch (SocketException e) {
          // It may have been sent away while it wrote.
        }
      }
      Await.until("no action runs", () -> server.api().actions().running() == 0);
      assertThat(doors.lines()).isEmpty();
      assertThat(actions.lines()).isEmpty();
    }
  }

  /** Waits until it is interrupted. */
  static final class Waiting implements Action {
    static final Semaphore BEGUN = new Semaphore(0);

    @Override
    public void run(Call call) throws InterruptedException {
      BEGUN.release();
      new Semaphore(0).acquire();
    }
  }

  @Test
  void forms_in_parts_are_read_as_they_are_written() {
    String type = "multipart/form-data; charset=utf-8; Boundary=\"-- b\"";
    String x = "Content-Disposition: form-data; name=\"x\"";
    String form =
        String.join(
            "\r\n",
            List.of(
                "not yet",
                "---- b",
                "content-disposition: form-data; filename*=f; name=x",
                "",
                "file",
                "---- b ",
                x,
                "Content-Type: text/plain; charset=iso-8859-1",
                "",
                "\u00e4",
                "---- b",
                x,
                "",
                "",
                "---- b",
                x,
                "",
                "---- be",
                " --- b--\n",
                "---- b\nContent-Disposition:form-data;name=\"y\";a=\"; name=x\"\n\n\\;\n---- b--",
                "---- b"));
    assertThat(curl().post("/echo", type, form).body())
        .contains("[[\"\u00c3\u00a4\",\"\",\"---- be\\r\\n --- b--\\n\"],\"\\\\;\"]");
  }

  /** What looks for a boundary compares as many bytes as it has, wherever it may be. */
  @Test
  void a_form_that_would_take_long_to_read_is_refused() {
    String head = "Content-Disposition: form-data; name=\"x\"\r\n";
    for (int length : List.of(70, 71, 8_000)) {
      String boundary = "-".repeat(length - 1) + "x";
      String form = "--" + boundary + "\r\n" + head + "\r\n\r\n--" + boundary + "--\r\n";
      assertThat(curl().post("/echo", "multipart/form-data; boundary=" + boundary, form).status())
          .isEqualTo(length == 70 ? 200 : 400);
    }
    for (String part :
        List.of(
            head + "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n--c--\r\n",
            head + "X: " + "x".repeat(20_000) + "\r\n\r\n\r\n",
            head + "Content-Type: text/plain; charset=nope\r\n\r\n\r\n",
            head,
            (head + "\r\n\r\n--b\r\n").repeat(1_024) + head + "\r\n\r\n")) {
      String form = "--b\r\n" + part + "--b--\r\n";
      assertThat(curl().post("/echo", "multipart/form-data; boundary=b", form).status())
          .isEqualTo(400);
    }
  }

  /**
   * The name of a list is said with each of its items, so that an answer can outgrow its request.
   */
  @Test
  void xml_that_would_be_too_long_is_not_even_made() {
    String name = "k".repeat(1_000);
    String list = "[" + "1,".repeat(100_000) + "1]";
    String body = "{\"outputType\":\"xml\",\"x\":{\"" + name + "\":" + list + "}}";
    assertThat(curl().post("/echo", "application/json", body).status()).isEqualTo(500);
    var answer =
        new Json.Obj(Map.of(name, new Json.Array(Collections.nCopies(100_000, Json.of(1)))));
    assertThatThrownBy(() -> Envelope.xml(answer, Config.defaults().limits()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("limits.answerBytes");
  }

  @Test
  void bodies_and_paths_that_are_not_what_they_say_are_refused() {
    assertThat(curl().post("/echo", "application/json", "{").status()).isEqualTo(400);
    assertThat(curl().post("/echo", "application/json", "[]").status()).isEqualTo(400);
    assertThat(curl().post("/echo", "application/json", "[".repeat(100_000)).status())
        .isEqualTo(400);
    assertThat(curl().post("/echo", "multipart/form-data", "x").status()).isEqualTo(400);
    assertThat(curl().post("/echo", "multipart/form-data; boundary", "x").status()).isEqualTo(400);
    assertThat(curl().post("/echo", "multipart/form-data; boundary=b", "x").status())
        .isIn(200, 400);
    assertThat(curl().get("/echo?x=%zz").status()).isEqualTo(400);
    assertThat(curl().get("/echo?x=%").status()).isEqualTo(400);
    assertThat(curl().get("/echo?x=1").status()).isEqualTo(200);
  }

  @Test
  void heads_cookies_and_bodies_have_limits() {
    assertThat(curl().get("/echo", "Cookie: " + "a=b; ".repeat(10_000)).status()).isEqualTo(431);
    var headers = new ArrayList<String>();
    IntStream.range(0, 100_000).forEach(i -> headers.add("X-" + i + ": y"));
    try (HttpClient many = new HttpClient(server.httpPort(), false)) {
      many.text(
          "GET /echo HTTP/1.1\r\n" + String.join("\r\n", headers.subList(0, 2000)) + "\r\n\r\n");
      assertThat(many.response().status()).isEqualTo(431);
    }
    assertThat(curl().get("/" + "x".repeat(10_000)).status()).isEqualTo(414);
    try (HttpClient big = new HttpClient(server.httpPort(), false)) {
      big.text("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
      assertThat(big.response().status()).isEqualTo(413);
      assertThat(big.read()).isEqualTo(-1);
    }
    String query = "x=1&".repeat(1_500);
    assertThat(curl().get("/echo?" + query).status()).isEqualTo(200);
  }

  @Test
  void a_body_that_never_ends_has_one_deadline_and_its_limit() throws Exception {
    restart("httpServer.requestTimeout=1s");
    HttpClient slow = curl();
    slow.text("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
    assertThat(slow.read()).isEqualTo(-1);
  }
}
