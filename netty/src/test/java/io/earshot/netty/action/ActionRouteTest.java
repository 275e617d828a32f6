package io.earshot.netty.action;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.Config;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.ServerWithActions;
import io.earshot.netty.testing.TcpClient;
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
    assertThat(plain.status()).isEqualTo(status == 500 ? 500 : 200);
    web.restart("commonWeb.returnErrorCodes=true");
    Response coded = web.curl().get(path);
    assertThat(coded.status()).isEqualTo(status);
    assertThat(coded.body().contains("\"error\":\"Error: ")).isEqualTo(status != 200);
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
