package io.earshot.netty.room;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.TcpClient;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Posting messages to the URL of a room. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"LEAN_LINES", "EPOLL_LINES", "NIO_LINES"})
final class PostedSayTest {
  private static final String JSON = "application/json";

  @Parameter
  @SuppressWarnings("NullAway.Init")
  Kind kind;

  @RegisterExtension final RoomClients clients = new RoomClients();

  @BeforeEach
  void start() {
    clients.start(kind);
  }

  @Test
  void a_message_is_posted_as_json_text_or_form() {
    TcpClient nc = clients.nc("attic");
    HttpClient browser = clients.browser();
    Response first = browser.post(RoomClients.MESSAGES, JSON, "{\"message\":{\"a\":[1,null]}}");
    assertThat(first.status()).isEqualTo(201);
    assertThat(first.header("set-cookie")).hasSize(1);
    assertThat(first.header("location")).isEmpty();
    assertThat(first.body())
        .matches("\\{\"room\":\"attic\",\"from\":\"\\w{40}\",\"epoch\":\"\\w+\",\"offset\":1}");
    String heard = nc.heard();
    assertThat(heard).contains("\"message\":{\"a\":[1,null]}");
    browser.post(RoomClients.MESSAGES, "text/plain; charset=utf-8", "grüß dich\r\n\0");
    String second = nc.heard();
    assertThat(second).contains("\"message\":\"grüß dich\\r\\n\\u0000\"");
    assertThat(RoomClients.field(second, "from"))
        .isEqualTo(RoomClients.field(heard, "from"))
        .hasSize(40);
    browser.post(RoomClients.MESSAGES, "application/x-www-form-urlencoded", "message=a+b%26c");
    assertThat(RoomClients.texts(nc.heard())).containsExactly("a b&c");
  }

  @Test
  void a_message_that_is_posted_again_under_the_same_id_is_delivered_once() {
    TcpClient nc = clients.nc("attic");
    HttpClient browser = clients.browser();
    String say = "{\"message\":\"once\",\"messageId\":7}";
    browser.post(RoomClients.MESSAGES, JSON, "{\"message\":\"hello\"}");
    String first = RoomClients.cursor(browser.post(RoomClients.MESSAGES, JSON, say).body());
    assertThat(RoomClients.cursor(browser.post(RoomClients.MESSAGES, JSON, say).body()))
        .isEqualTo(first);
    HttpClient stranger = clients.curl();
    stranger.sendRequest(
        "POST", RoomClients.MESSAGES, "twice", "Content-Type: text/plain", "Idempotency-Key: k");
    String second = RoomClients.cursor(stranger.response().body());
    HttpClient again = clients.curl();
    again.sendRequest(
        "POST", RoomClients.MESSAGES, "twice", "Content-Type: text/plain", "Idempotency-Key: k");
    assertThat(RoomClients.cursor(again.response().body())).isEqualTo(second);
    HttpClient elsewhere = clients.opened(new HttpClient(clients.server().httpPort(), "127.0.0.2"));
    elsewhere.sendRequest(
        "POST", RoomClients.MESSAGES, "twice", "Content-Type: text/plain", "Idempotency-Key: k");
    assertThat(RoomClients.cursor(elsewhere.response().body()))
        .as("another's k")
        .isNotEqualTo(second);
    clients.post("end");
    assertThat(List.of(nc.heard(), nc.heard(), nc.heard(), nc.heard(), nc.heard()))
        .extracting(heard -> RoomClients.texts(heard).getFirst())
        .containsExactly("hello", "once", "twice", "twice", "end");
  }

  @Test
  void an_idempotency_key_belongs_to_the_client_that_is_known_by_its_cookie() {
    TcpClient nc = clients.nc("attic");
    HttpClient ada = clients.browser();
    HttpClient bob = clients.browser();
    var places = new ArrayList<String>();
    for (HttpClient client : List.of(ada, bob, ada, bob)) {
      client.get("/chat/?method=detailsView");
      client.sendRequest(
          "POST", RoomClients.MESSAGES, "hi", "Content-Type: text/plain", "Idempotency-Key: 1");
      places.add(RoomClients.cursor(client.response().body()));
    }
    assertThat(places.get(1)).as("bob's 1").isNotEqualTo(places.get(0));
    assertThat(places.subList(2, 4)).isEqualTo(places.subList(0, 2));
    clients.post("end");
    assertThat(List.of(nc.heard(), nc.heard(), nc.heard()))
        .extracting(heard -> RoomClients.texts(heard).getFirst())
        .containsExactly("hi", "hi", "end");
  }

  @Test
  void a_posted_message_may_be_for_some_members_only() {
    TcpClient friend = clients.nc("attic");
    TcpClient stranger = clients.nc("attic");
    HttpClient curl = clients.curl();
    String id = friend.id();
    String aimed = "\"roomMatchKey\":\"id\",\"roomMatchValue\":\"" + id + "\"}";
    assertThat(curl.post(RoomClients.MESSAGES, JSON, "{\"message\":\"json\"," + aimed).status())
        .isEqualTo(201);
    String form = "message=form&roomMatchKey=id&roomMatchValue=" + id;
    String urlencoded = "application/x-www-form-urlencoded";
    assertThat(curl.post(RoomClients.MESSAGES, urlencoded, form).status()).isEqualTo(201);
    assertThat(curl.post(RoomClients.MESSAGES, urlencoded, form + "&roomMatchKey=id").status())
        .isEqualTo(400);
    String nobody = "{\"message\":\"x\",\"roomMatchKey\":[],\"roomMatchValue\":\"x\"}";
    assertThat(curl.post(RoomClients.MESSAGES, JSON, nobody).status()).isEqualTo(201);
    clients.post("end");
    assertThat(List.of(friend.heard(), friend.heard(), friend.heard()))
        .extracting(heard -> RoomClients.texts(heard).getFirst())
        .containsExactly("json", "form", "end");
    assertThat(RoomClients.texts(stranger.heard())).containsExactly("end");
  }

  @Test
  void a_client_does_not_find_its_own_messages_in_its_queue() throws Exception {
    clients.restart("commonWeb.httpClientMessageTTL=30s");
    HttpClient browser = clients.browser();
    browser.get("/chat/?method=roomChange&room=attic");
    browser.post(RoomClients.MESSAGES, "text/plain", "mine");
    clients.post("theirs");
    assertThat(RoomClients.texts(browser.get("/chat/?method=messages").body()))
        .containsExactly("theirs");
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
  void a_post_without_a_message_is_a_problem(int status, String type, String body) {
    TcpClient nc = clients.nc("attic");
    RoomClients.assertProblem(clients.curl().post(RoomClients.MESSAGES, type, body), status);
    clients.post("next");
    assertThat(RoomClients.texts(nc.heard())).containsExactly("next");
  }

  @Test
  void a_posted_message_is_utf8_and_as_long_as_on_other_transports() {
    RoomClients.assertProblem(
        clients.curl().post(RoomClients.MESSAGES, "text/plain", "x".repeat(64 * 1024 + 1)), 413);
    HttpClient broken = clients.curl();
    broken.text(
        "POST "
            + RoomClients.MESSAGES
            + " HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n");
    broken.bytes((byte) 0xC3, (byte) 0x28);
    RoomClients.assertProblem(broken.response(), 400);
    HttpClient key = clients.curl();
    key.sendRequest(
        "POST",
        RoomClients.MESSAGES,
        "x",
        "Content-Type: text/plain",
        "Idempotency-Key: " + "k".repeat(257));
    RoomClients.assertProblem(key.response(), 400);
    assertThat(
            clients.curl().post(RoomClients.MESSAGES, "text/plain", "x".repeat(64 * 1024)).status())
        .isEqualTo(201);
  }
}
