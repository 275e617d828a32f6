package io.earshot.netty.action;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.ServerWithActions;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.protocol.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Actions over HTTP: their params, their errors and the formats of their answers. */
final class ActionRouteTest {
  @RegisterExtension final ServerWithActions web = new ServerWithActions();

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
    Response response = web.curl().get(path);
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
    HttpClient curl = web.curl();
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
    "/api/fly,404",
    "/api/echo/x,404",
    "/?action=fly,404",
    "/api?action=fly,404",
    "/chat,422",
    "/chat?method=fly,400",
    "/broken,500",
    "/echo,200",
    "/toString,404",
    "/__proto__,404"
  })
  void errors_have_a_status_of_their_own_if_the_setting_says_so(String path, int status)
      throws Exception {
    Response plain = web.curl().get(path);
    boolean isNothing = status == 404 && !path.startsWith("/api") && !path.startsWith("/?");
    assertThat(plain.status()).isEqualTo(isNothing ? 404 : status == 500 ? 500 : 200);
    web.restart("commonWeb.returnErrorCodes=true");
    Response coded = web.curl().get(path);
    assertThat(coded.status()).isEqualTo(status);
    assertThat(coded.body().contains("\"error\":\"Error: ")).isEqualTo(status != 200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/metrics",
        "/healthz",
        "/favicon.ico",
        "/Chat",
        "/statu%73x",
        "/status/x",
        "/chat/x",
        "/echo/api",
        "/ws/x",
        "/wss"
      })
  void a_path_of_no_action_is_not_found_and_makes_no_client(String path) throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=30s");
    TcpClient witness = web.lines();
    HttpClient curl = web.curl();
    Response missing = curl.get(path);
    assertThat(missing.status()).isEqualTo(404);
    assertThat(missing.header("set-cookie")).isEmpty();
    String name = path.substring(1).replace("%73", "s");
    assertThat(missing.body()).contains("\"error\":\"Error: " + name + " is not a known action.\"");
    curl.sendRequest("POST", path, "x");
    assertThat(curl.response().status()).isEqualTo(404);
    curl.sendRequest("GET", path, "", "Upgrade: websocket", "Connection: upgrade");
    assertThat(curl.response().status()).isEqualTo(404);
    assertThat(witness.ask("roomView")).contains("\"membersCount\":1");
    assertThat(curl.get("/echo").header("set-cookie")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/randomNumber", "/?action=nothing", "/api/nothing", "/api"})
  void a_first_visit_sets_the_cookie_whatever_it_asks_for(String path) throws Exception {
    assertThat(web.curl().get(path).header("set-cookie")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/ws", "/ws/"})
  void the_path_of_websockets_asks_for_one_with_or_without_a_slash(String path) {
    Response plain = web.curl().get(path);
    assertThat(plain.status()).isEqualTo(426);
    assertThat(plain.header("upgrade")).containsExactly("websocket");
    var socket = web.opened(WebSocketClient.raw(web.server().httpPort()));
    socket.text(WebSocketClient.handshake(path));
    assertThat(socket.head()).contains(" 101 ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/echo?x=%ff",
        "/echo?x=%c3",
        "/echo?%c0%80=x",
        "/echo?x=%ed%a0%80",
        "/%ff",
        "/rooms/%ff",
        "/rooms/%ff/messages",
        "/rooms/attic/messages?after=%ff",
        "/rooms?room=%ff"
      })
  void a_url_that_is_not_utf8_is_refused(String path) {
    Response bad = web.curl().get(path);
    assertThat(bad.status()).isEqualTo(400);
    assertThat(bad.body()).contains("the URL is not UTF-8");
    HttpClient raw = web.curl();
    raw.bytes("GET /echo?x=\u00ff HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(ISO_8859_1));
    assertThat(raw.response().status()).isEqualTo(400);
  }

  @Test
  void a_url_that_is_utf8_and_not_encoded_is_understood() {
    HttpClient curl = web.curl();
    curl.text("GET /echo?x=fä✓ HTTP/1.1\r\nHost: x\r\n\r\n");
    assertThat(curl.response().body()).contains("\"fä✓\"");
  }

  @Test
  void bodies_are_utf8_and_may_begin_with_a_byte_order_mark() {
    HttpClient curl = web.curl();
    assertThat(curl.post("/echo", "application/json", "\uFEFF{\"x\":1}").body())
        .contains("\"echo\":[1]");
    assertThat(curl.post("/echo", "application/x-www-form-urlencoded", "\uFEFFx=1").body())
        .contains("\"echo\":[\"1\"]");
    assertThat(
            curl.post("/rooms/attic/messages", "application/json", "\uFEFF{\"message\":1}")
                .status())
        .isEqualTo(201);
    assertThat(web.curl().post("/echo", "application/x-www-form-urlencoded", "x=%ff").status())
        .isEqualTo(400);
    String form = "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\u00ff\r\n--b--\r\n";
    for (String[] body :
        new String[][] {
          {"application/json", "{\"x\":\"\u00ff\"}"},
          {"application/x-www-form-urlencoded", "x=\u00ff"},
          {"multipart/form-data; boundary=b", form}
        }) {
      HttpClient broken = web.curl();
      byte[] bytes = body[1].getBytes(ISO_8859_1);
      broken.text(
          "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: "
              + body[0]
              + "\r\nContent-Length: "
              + bytes.length
              + "\r\n\r\n");
      broken.bytes(bytes);
      assertThat(broken.response().status()).as(body[0]).isEqualTo(400);
    }
  }

  @Test
  void a_callback_needs_a_valid_name_and_never_gets_messages() {
    HttpClient curl = web.curl();
    Response called = curl.get("/echo?callback=my.fn_$1");
    assertThat(called.body()).startsWith("my.fn_$1({").endsWith("});");
    assertThat(called.header("content-type")).containsExactly("application/javascript");
    assertThat(called.header("x-content-type-options")).containsExactly("nosniff");
    assertThat(curl.get("/echo?callback=%3Cscript%3E").status()).isEqualTo(400);
    assertThat(curl.get("/echo?callback=" + "a".repeat(65)).status()).isEqualTo(400);
    assertThat(curl.get("/echo?callback=a&callback=b").status()).isEqualTo(400);
    assertThat(curl.get(ServerWithActions.chat("messages&callback=cb")).status()).isEqualTo(400);
  }

  @Test
  void xml_is_labelled_as_xml_and_escaped() {
    Response xml = web.curl().get("/echo?outputType=xml&x=%3Ca%3E%26%00&y=1&y=2");
    assertThat(xml.header("content-type")).containsExactly("application/xml; charset=utf-8");
    assertThat(xml.body())
        .startsWith("<?xml version=\"1.0\" encoding=\"utf-8\"?><XML>")
        .contains("<echo>&lt;a&gt;&amp;\uFFFD</echo>", "<echo>1</echo><echo>2</echo>")
        .endsWith("</XML>");
  }

  @Test
  void head_and_options_are_answered() {
    HttpClient curl = web.curl();
    curl.text("HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\nOPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) curl.read());
    }
    assertThat(head).contains(" 200 ", "content-length: ");
    assertThat(curl.response().header("allow")).singleElement().asString().contains("POST");
  }

  @Test
  void an_answer_that_cannot_be_encoded_is_an_error_and_the_connection_lives() {
    web.server()
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
    HttpClient curl = web.curl();
    assertThat(curl.get("/deep").status()).isEqualTo(500);
    assertThat(curl.get("/echo").status()).isEqualTo(200);
    TcpClient tcp = web.lines();
    assertThat(tcp.ask("deep")).contains("internal error", "\"messageCount\":1");
    assertThat(tcp.ask("detailsView")).contains("\"pendingActions\":0");
  }

  @Test
  void actions_are_under_api_if_the_root_serves_files(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("index.html"), "<p>of the house");
    Files.writeString(folder.resolve("echo"), "a file called echo");
    web.restart("commonWeb.rootEndpointType=file", "httpServer.publicFolder=" + folder);
    assertThat(web.curl().get("/").body()).isEqualTo("<p>of the house");
    assertThat(web.curl().get("/echo?x=1").body()).isEqualTo("a file called echo");
    assertThat(web.curl().get("/api/echo?x=1").body()).contains("\"echo\":[\"1\"]");
    assertThat(web.curl().get("/api?action=echo&x=1").body()).contains("\"echo\":[", "\"1\"");
    assertThat(web.curl().get("/public/echo").body()).isEqualTo("a file called echo");
    assertThat(web.curl().get("/missing").status()).isEqualTo(404);
  }

  @Test
  void each_path_of_the_open_api_document_exists() {
    web.server().api().actions().add(Action.of("odd{name}?\u00e9", call -> call.put("odd", true)));
    String document = web.curl().get("/api/actionsView?format=openapi").body();
    List<String> paths =
        Pattern.compile("\"(/api/[^\"]*)\":\\{")
            .matcher(document)
            .results()
            .map(m -> m.group(1))
            .toList();
    assertThat(paths).contains("/api/status", "/api/echo", "/api/odd%7Bname%7D%3F%C3%A9");
    for (String path : paths) {
      assertThat(web.curl().get(path).body()).as(path).doesNotContain("is not a known action");
    }
  }

  /**
   * The name of a list is said with each of its items, so that an answer can outgrow its request.
   */
  @Test
  void encoding_stops_when_xml_gets_too_long() {
    String name = "k".repeat(1_000);
    String list = "[" + "1,".repeat(100_000) + "1]";
    String body = "{\"outputType\":\"xml\",\"x\":{\"" + name + "\":" + list + "}}";
    assertThat(web.curl().post("/echo", "application/json", body).status()).isEqualTo(500);
    var answer =
        new Json.Obj(Map.of(name, new Json.Array(Collections.nCopies(100_000, Json.of(1)))));
    assertThatThrownBy(() -> Envelope.xml(answer, Config.defaults().limits()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("limits.answerBytes");
  }
}
