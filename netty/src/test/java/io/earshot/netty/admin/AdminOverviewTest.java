package io.earshot.netty.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import io.earshot.token.TokenKeys;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The state of a server over HTTP: now, in the last minutes, its rooms and its slow consumers. */
final class AdminOverviewTest {
  private static final String KEY = "k".repeat(40);

  private static final Map<String, Object> TOKEN = Map.of("sub", "ada", "exp", 4_000_000_000L);

  private static final EarshotServer SERVER =
      Kind.LEAN_LINES.start(
          Config.defaults()
              .with("general.id", "one")
              .with("rooms.announcements", false)
              .with("limits.messagesPerSecond", 0)
              .with("limits.outboundBytes", 50_000_000)
              .with("rooms.rules", List.of("busy messagesPerSecond=1"))
              .with("admin.requestsPerSecond", 10_000)
              .with("admin.keys", List.of("shop " + KEY)));

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  private static Response get(String path) {
    try (var client = new HttpClient(SERVER.httpPort(), false, "Authorization: Bearer " + KEY)) {
      return client.get(path);
    }
  }

  private static String overview() {
    Response response = get("/admin/overview");
    assertThat(response.status()).as(response.body()).isEqualTo(200);
    return response.body();
  }

  @Test
  void the_overview_and_the_history_show_the_rates_of_the_last_seconds() throws Exception {
    try (TcpClient alice = TcpClient.welcomed(SERVER.tcpPort())) {
      assertThat(overview())
          .contains("\"id\":\"one\"", "\"connections\":{\"tcp\":", "\"memory\":{\"usedBytes\":")
          .contains("\"loops\":[{\"lagMicros\":", "\"log\":[]", "\"messagesLeftOut\":");
      Await.until(
          "a rate is shown",
          () -> {
            alice.ask("say hello");
            return !overview().contains("\"perSecond\":{\"messages\":0,");
          });
      Await.until("there is a sample", () -> get("/admin/history").body().contains("\"at\":[1"));
      assertThat(get("/admin/history").body()).contains("\"everySeconds\":5", "\"p99Micros\":[");
      assertThat(get("/admin/history?after=1000").body()).contains("\"at\":[]");
    }
  }

  @Test
  void a_client_that_does_not_read_is_named_with_its_room_and_the_overview_says_so()
      throws Exception {
    try (var slow = new Socket(InetAddress.getLoopbackAddress(), SERVER.tcpPort());
        TcpClient speaker = TcpClient.welcomed(SERVER.tcpPort())) {
      slow.setReceiveBufferSize(4_096);
      slow.getOutputStream().write("roomChange stuck\n".getBytes(StandardCharsets.UTF_8));
      speaker.ask("roomChange stuck");
      String text = "x".repeat(60_000);
      Await.until(
          "the slow member is found",
          () -> {
            // It is within limits.outboundBytes, so that it stays connected.
            if (!get("/admin/slow").body().contains("\"room\":\"stuck\"")) {
              speaker.ask("say " + text);
            }
            return get("/admin/slow?room=stuck").body().contains("\"waitingBytes\":")
                && overview().contains("1 client does not read: ");
          });
      String body = get("/admin/slow?room=stuck").body();
      assertThat(body).contains("\"rooms\":[{\"room\":\"stuck\",\"member\":true");
      assertThat(get("/admin/slow?room=other").body()).isEqualTo("{\"connections\":[]}");
      Await.until(
          "its room lags",
          () -> get("/admin/rooms?sort=lag").body().startsWith("{\"rooms\":[{\"room\":\"stuck\""));
    }
  }

  @Test
  void a_room_at_its_rate_limit_is_named_and_rooms_are_found_by_rate() throws Exception {
    try (TcpClient alice = TcpClient.welcomed(SERVER.tcpPort())) {
      alice.ask("roomChange busy");
      Await.until(
          "the room is named",
          () -> {
            alice.ask("say hello");
            return overview().contains("\"kind\":\"roomRate\",\"text\":\"room busy refuses");
          });
      assertThat(overview()).contains("\"see\":\"room\",\"name\":\"busy\"");
      assertThat(get("/admin/rooms?sort=members&match=BUS").body())
          .contains("\"room\":\"busy\",\"membersCount\":1,\"messagesPerSecond\":");
      Response one = get("/admin/connections/" + alice.id());
      assertThat(one.body())
          .contains("\"rooms\":[{\"room\":\"busy\",\"member\":true,\"listens\":false,")
          .contains("\"waitingBytes\":0", "\"address\":\"127.0.0.1\"");
    }
  }

  @Test
  void a_hook_that_takes_long_and_a_token_with_a_wrong_key_are_named() throws Exception {
    SERVER
        .api()
        .hooks()
        .onSay(
            "hooked",
            said -> {
              Thread.sleep(1_050); // this is what it is about
              return said.message();
            });
    String token = new TokenKeys(List.of("other HS256 " + "o".repeat(32)), "").sign(TOKEN);
    try (TcpClient alice = TcpClient.welcomed(SERVER.tcpPort())) {
      alice.ask("roomChange hooked");
      alice.ask("say hello");
      Await.until("the hook is named", () -> overview().contains("say hook "));
      assertThat(overview()).contains(" is slow, clients wait for it: the last slow call took 1");
      try (var other = new HttpClient(SERVER.httpPort(), false)) {
        other.get("/rooms/attic", "Authorization: Bearer " + token);
      }
      Await.until("the token is named", () -> overview().contains("tokens of logins are refused"));
      assertThat(overview()).contains("\\\"other\\\"").doesNotContain("\"tokens\":0");
    } finally {
      SERVER.api().hooks().removeAll();
    }
  }

  @Test
  void an_action_that_fails_is_named_with_the_reason() {
    SERVER
        .api()
        .actions()
        .add(
            new Action() {
              @Override
              public String name() {
                return "report";
              }

              @Override
              public void run(Call call) {
                throw new IllegalStateException("no database");
              }
            });
    try (var client = new HttpClient(SERVER.httpPort(), false)) {
      client.get("/report");
    }
    Await.until(
        "the action is named",
        () ->
            overview()
                .contains(
                    "the action report fails: 1 call; the last because: java.lang.IllegalStateException: no"
                        + " database"));
  }

  @Test
  void wrong_queries_are_refused() {
    assertThat(get("/admin/rooms?sort=size").body()).contains("sort is name, members, rate or lag");
    assertThat(get("/admin/rooms?sort=rate&after=a").status()).isEqualTo(400);
    assertThat(get("/admin/rooms?sort=rate&limit=0").status()).isEqualTo(400);
    assertThat(get("/admin/overview?log=x").status()).isEqualTo(400);
    assertThat(get("/admin/history?after=-1").status()).isEqualTo(400);
    assertThat(get("/admin/slow?room=a%0Ab").status()).isEqualTo(400);
  }
}
