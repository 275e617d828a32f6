package io.earshot.netty.action;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.ServerWithActions;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The chat over HTTP, with and without a queue of messages for each client. */
final class ChatTest {
  @RegisterExtension final ServerWithActions web = new ServerWithActions();

  @Test
  void a_message_of_an_http_client_is_heard_in_its_room_from_its_id() {
    TcpClient hearer = web.lines();
    Response said = web.curl().get(ServerWithActions.chat("say&message=Hello%20W%C3%B6rld"));
    assertThat(said.body()).doesNotContain("error");
    assertThat(hearer.heard())
        .contains(
            "\"message\":\"Hello Wörld\"",
            "\"room\":\"defaultRoom\"",
            "\"from\":\"" + said.id() + "\"");
    web.curl().get(ServerWithActions.chat("say&message="));
    assertThat(hearer.heard()).contains("\"message\":\"\"");
  }

  @Test
  void a_cookie_holds_the_room_whatever_its_name() {
    String room = "a;b=c \"ä\" ✓";
    TcpClient hearer = web.lines();
    hearer.ask("{\"event\":\"roomChange\",\"room\":\"a;b=c \\\"ä\\\" ✓\"}");
    HttpClient browser = web.browser();
    Response changed =
        browser.get(
            ServerWithActions.chat(
                "roomChange&room="
                    + java.net.URLEncoder.encode(room, java.nio.charset.StandardCharsets.UTF_8)));
    assertThat(changed.body()).contains("\"room\":\"a;b=c \\\"ä\\\" ✓\"");
    assertThat(changed.header("set-cookie"))
        .allSatisfy(
            cookie ->
                assertThat(cookie)
                    .contains("Path=/", "HTTPOnly", "SameSite=Lax")
                    .doesNotContain("Secure"));
    browser.get(ServerWithActions.chat("say&message=hi"));
    assertThat(hearer.heard()).contains("\"message\":\"hi\"");
    assertThat(browser.get(ServerWithActions.chat("roomView")).body())
        .contains("\"membersCount\":1");
    assertThat(browser.get("/api/chat?method=detailsView").body())
        .contains("\"room\":\"a;b=c \\\"ä\\\" ✓\"", "\"public\":{");
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
  void the_error_names_what_a_method_lacks(String rest, String error) {
    assertThat(web.curl().get(ServerWithActions.chat(rest == null ? "" : rest)).body())
        .contains("\"error\":\"" + error + "\"");
  }

  @Test
  void connected_clients_chat_with_their_own_verbs() {
    assertThat(web.lines().ask("{\"action\":\"chat\",\"params\":{\"method\":\"roomView\"}}"))
        .contains("only for web clients");
  }

  @Test
  void without_queues_there_are_no_messages_and_no_members() {
    TcpClient witness = web.lines();
    HttpClient browser = web.browser();
    assertThat(browser.get(ServerWithActions.chat("messages")).body())
        .contains("\"message\":null")
        .doesNotContain("error");
    witness.ask("say one");
    assertThat(browser.get(ServerWithActions.chat("messages")).body()).contains("\"message\":null");
    assertThat(browser.get(ServerWithActions.chat("roomView")).body())
        .contains("\"membersCount\":1");
  }

  @Test
  void with_queues_a_client_is_a_member_and_fetches_one_message_at_a_time_the_oldest_first()
      throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=30s");
    TcpClient witness = web.lines();
    HttpClient browser = web.browser();
    String id = browser.get(ServerWithActions.chat("messages")).id();
    assertThat(witness.heard()).contains("I have entered the room", id);
    witness.ask("say one");
    witness.ask("say two");
    browser.get(ServerWithActions.chat("say&message=mine"));
    assertThat(witness.heard()).contains("mine");
    assertThat(browser.get(ServerWithActions.chat("messages")).body())
        .contains(
            "\"message\":{\"message\":\"one\",\"room\":\"defaultRoom\",\"from\":\""
                + witness.id()
                + "\",\"context\":\"user\",\"sentAt\":");
    assertThat(browser.get(ServerWithActions.chat("messages")).body())
        .contains("\"message\":{\"message\":\"two\"");
    assertThat(browser.get(ServerWithActions.chat("messages")).body()).contains("\"message\":null");
    assertThat(browser.get(ServerWithActions.chat("roomView")).body())
        .contains("\"membersCount\":2", id);
  }

  @Test
  void a_change_of_room_is_announced_in_both_rooms() throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=30s");
    TcpClient here = web.lines();
    TcpClient there = web.lines();
    there.ask("roomChange attic");
    here.heard();
    here.heard();
    HttpClient browser = web.browser();
    browser.get(ServerWithActions.chat("roomChange&room=attic"));
    assertThat(List.of(here.heard(), here.heard()))
        .satisfiesExactly(
            line -> assertThat(line).contains("entered"),
            line -> assertThat(line).contains("left"));
    assertThat(there.heard()).contains("entered");
    assertThat(here.ask("roomView")).contains("\"membersCount\":1");
    assertThat(there.ask("roomView")).contains("\"membersCount\":2");
  }

  @Test
  void a_client_that_sends_no_request_for_long_enough_leaves_and_loses_its_queue()
      throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=300ms");
    TcpClient witness = web.lines();
    HttpClient browser = web.browser();
    browser.get(ServerWithActions.chat("messages"));
    witness.ask("say lost");
    assertThat(witness.heard()).contains("I have left the room");
    assertThat(browser.get(ServerWithActions.chat("messages")).body()).contains("\"message\":null");
  }

  @Test
  void a_poll_may_wait_for_a_message() throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=200ms");
    TcpClient witness = web.lines();
    HttpClient browser = web.browser();
    browser.get(ServerWithActions.chat("messages"));
    browser.sendRequest("GET", ServerWithActions.chat("messages&wait=20000"), "");
    Await.until(
        "it is a member still", () -> witness.ask("roomView").contains("\"membersCount\":2"));
    witness.ask("say at last");
    assertThat(browser.response().body()).contains("\"message\":\"at last\"");
    assertThat(browser.get(ServerWithActions.chat("messages&wait=1")).body())
        .contains("\"message\":null");
  }

  @Test
  void server_code_can_fetch_messages() throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=30s");
    HttpClient browser = web.browser();
    String id = browser.get(ServerWithActions.chat("messages")).id();
    web.server().api().chatRoom().socketRoomBroadcast(null, "for all").toCompletableFuture().join();
    var connection = web.server().api().connection(id).orElseThrow();
    var queues = web.server().api().webServer();
    // The room's loop puts it into the queue: it may be there a moment after the answer.
    Await.until(
        "the message",
        () ->
            queues
                .getWebChatMessage(connection)
                .toCompletableFuture()
                .join()
                .toString()
                .contains("for all"));
  }

  @Test
  void the_number_of_clients_with_queues_is_bounded() throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=30s", "limits.webClients=10");
    HttpClient curl = web.curl();
    IntStream.range(0, 10)
        .forEach(_ -> assertThat(curl.get("/echo").body()).doesNotContain("error"));
    assertThat(curl.get("/echo").body()).contains("too many clients");
  }

  @Test
  void messages_for_some_members_are_queued_for_those_only() throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=30s", "rooms.announcements=false");
    HttpClient friend = web.browser();
    HttpClient stranger = web.browser();
    String id = friend.get(ServerWithActions.chat("messages")).id();
    stranger.get(ServerWithActions.chat("messages"));
    web.curl().get(ServerWithActions.chat("say&message=psst&roomMatchKey=id&roomMatchValue=" + id));
    assertThat(friend.get(ServerWithActions.chat("messages")).body()).contains("psst");
    assertThat(stranger.get(ServerWithActions.chat("messages")).body())
        .contains("\"message\":null");
  }

  @Test
  void a_poll_whose_client_has_left_takes_no_message() throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=30s");
    TcpClient witness = web.lines();
    HttpClient browser = web.browser();
    browser.get(ServerWithActions.chat("messages"));
    HttpClient polling = web.curl();
    polling.setCookie("sessionID", browser.cookie("sessionID"));
    polling.sendRequest("GET", ServerWithActions.chat("messages&wait=20000"), "");
    Await.until("the poll waits", () -> web.server().api().actions().running() > 0);
    polling.reset();
    Await.until("it waits no longer", () -> web.server().api().actions().running() == 0);
    witness.ask("say not lost");
    assertThat(browser.get(ServerWithActions.chat("messages")).body()).contains("not lost");
  }

  @Test
  void a_client_that_was_disconnected_may_return() throws Exception {
    web.restart("commonWeb.httpClientMessageTTL=30s");
    TcpClient witness = web.lines();
    HttpClient browser = web.browser();
    String id = browser.get(ServerWithActions.chat("messages")).id();
    web.server().api().connection(id).orElseThrow().close("enough");
    Await.until("it has left", () -> witness.ask("roomView").contains("\"membersCount\":1"));
    assertThat(browser.get(ServerWithActions.chat("say&message=again")).body())
        .doesNotContain("error");
    assertThat(browser.get(ServerWithActions.chat("roomView")).body())
        .contains("\"membersCount\":2");
  }
}
