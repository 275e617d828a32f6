package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.AdminClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Back ends that publish at two servers which share a real Redis. */
final class PublishClusterTest {
  private static final String KEY = "k".repeat(40);

  @RegisterExtension final ServersOnRedis servers = new ServersOnRedis();

  private EarshotServer start() {
    // A start waits for so long; the first one on a cold machine is slow.
    return servers.start(
        "redis.lease=40s",
        "redis.timeout=20s",
        "rooms.announcements=false",
        "admin.keys=shop " + KEY);
  }

  private static AdminClient shop(EarshotServer server) {
    return new AdminClient(server.httpPort(), KEY);
  }

  private TcpClient in(EarshotServer server, String room) {
    TcpClient client = servers.opened(TcpClient.welcomed(server.tcpPort(), null));
    assertThat(client.ask("roomChange " + room)).contains("\"status\":\"OK\"");
    return client;
  }

  private static String messages(String... contents) {
    var all = new StringBuilder("{\"messages\":[");
    for (String content : contents) {
      all.append(all.charAt(all.length() - 1) == '[' ? "" : ",");
      all.append("{\"room\":\"attic\",\"message\":").append(content).append('}');
    }
    return all.append("]}").toString();
  }

  @Test
  void a_repeat_at_another_server_is_not_told_again() {
    EarshotServer first = start();
    EarshotServer second = start();
    TcpClient alice = in(first, "attic");
    TcpClient bob = in(second, "attic");
    String body = messages("1", "2", "3");
    String key = "Idempotency-Key: order-7";
    Response here = shop(first).post("/admin/publish", body, key);
    Response there = shop(second).post("/admin/publish", body, key);
    assertThat(here.status()).as(here.body()).isEqualTo(200);
    assertThat(there.body()).isEqualTo(here.body());

    // The header of another body is no repeat of this one; nothing is lost.
    Response other = shop(second).post("/admin/publish", messages("4"), key);
    assertThat(other.status()).isEqualTo(422);
    String single = "/admin/rooms/attic/messages";
    Response said = shop(first).post(single, "{\"message\":5}", "Idempotency-Key: a");
    assertThat(shop(second).post(single, "{\"message\":5}", "Idempotency-Key: a").body())
        .isEqualTo(said.body());
    assertThat(shop(first).post(single, "{\"message\":6}", "Idempotency-Key: b").status())
        .isEqualTo(201);
    assertThat(shop(second).post(single, "{\"message\":7}", "Idempotency-Key: b").status())
        .isEqualTo(201);

    // An id of its own counts alone, whatever the content and the path.
    Response named = shop(first).post(single, "{\"message\":8,\"id\":\"x\"}");
    assertThat(shop(second).post(single, "{\"message\":\"eight\",\"id\":\"x\"}").body())
        .isEqualTo(named.body());
    shop(second).publish("{\"room\":\"attic\",\"message\":9,\"id\":\"x\"}");
    shop(second).publish("{\"room\":\"attic\",\"message\":\"end\"}");
    for (TcpClient client : new TcpClient[] {alice, bob}) {
      for (String expected : new String[] {"1", "2", "3", "5", "6", "7", "8", "\"end\""}) {
        assertThat(client.heard()).contains("\"message\":" + expected + ",");
      }
    }
  }

  @Test
  void a_connection_joins_and_leaves_by_any_server() {
    EarshotServer first = start();
    EarshotServer second = start();
    TcpClient alice = in(first, "attic");
    String path = "/admin/connections/" + alice.id() + "/rooms/cellar";
    assertThat(shop(second).ask("PUT", path, "").body())
        .contains("\"connections\":1,\"complete\":true");
    assertThat(alice.next()).contains("\"room\":\"cellar\"", "\"status\":\"joined\"");
    assertThat(shop(second).get("/admin/presence?room=cellar&room=attic").body())
        .contains("{\"room\":\"cellar\",\"members\":[\"" + alice.id() + "\"]")
        .contains("{\"room\":\"attic\",\"members\":[\"" + alice.id() + "\"]");
    assertThat(shop(second).ask("DELETE", path, "").body()).contains("\"connections\":1");
    assertThat(alice.next()).contains("\"room\":\"cellar\"", "\"status\":\"left\"");
    assertThat(shop(second).ask("PUT", path.replace(alice.id(), "nobody"), "").body())
        .contains("\"connections\":0,\"complete\":true");
  }

  @Test
  void while_redis_is_away_each_message_has_an_error_and_a_repeat_tells_it() throws Exception {
    EarshotServer server = start();
    String body = messages("1", "2");
    String key = "Idempotency-Key: order-7";
    servers.redis.kill();
    Await.until(
        "the server knows",
        () -> shop(server).post("/admin/rooms/attic/messages", "{\"message\":0}").status() == 503);
    Response away = shop(server).post("/admin/publish", body, key);
    assertThat(away.status()).as(away.body()).isEqualTo(207);
    assertThat(away.body())
        .startsWith(
            "{\"failed\":2,\"results\":[{\"index\":0,\"room\":\"attic\",\"error\":\"Error: ")
        .contains("{\"index\":1,\"room\":\"attic\",\"error\":\"Error: ");
    servers.redis.start();
    Await.until(
        "the repeat tells both",
        () -> shop(server).post("/admin/publish", body, key).status() == 200);
    assertThat(shop(server).post("/admin/publish", body, key).body()).contains("\"failed\":0");
    assertThat(shop(server).get("/admin/rooms/attic/messages").body())
        .containsOnlyOnce("{\"message\":1,")
        .containsOnlyOnce("{\"message\":2,");
  }
}
