package io.earshot.netty.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.connection.Participant;
import io.earshot.connection.UserFixture;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.TcpClient;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Users over real sockets: where they are online, and who is in a room. */
final class AdminUsersTest {
  private static final String KEY = "k".repeat(40);
  private static final User ADA = User.of("ada l\u00e9", "Ada", Map.of("avatar", Json.of("/a")));

  private static void logIn(EarshotServer server, String id) {
    Connection connection = server.api().connection(id).orElseThrow();
    var done = new CompletableFuture<Void>();
    ((Participant) connection)
        .tell(
            () -> {
              UserFixture.identify(connection, ADA);
              done.complete(null);
            });
    done.join();
  }

  @Test
  void the_admin_api_and_room_urls_show_who_is_online_and_where() throws Exception {
    Config config =
        Config.defaults().with("admin.keys", List.of("shop " + KEY)).with("general.id", "one");
    try (EarshotServer server = Kind.LEAN_LINES.start(config);
        var alice = TcpClient.welcomed(server.tcpPort());
        var phone = TcpClient.welcomed(server.tcpPort());
        var browser = new HttpClient(server.httpPort(), true);
        var curl = new HttpClient(server.httpPort(), false, "Authorization: Bearer " + KEY)) {
      assertThat(curl.get("/admin/users/ada%20l%C3%A9").body())
          .isEqualTo(
              "{\"id\":\"ada l\u00e9\",\"connections\":[],\"connectionsCount\":0,\"complete\":true}");
      alice.ask("roomChange attic");
      phone.ask("roomChange attic");
      logIn(server, alice.id());
      logIn(server, phone.id());
      assertThat(curl.get("/admin/users/ada%20l%C3%A9").body())
          .startsWith(
              "{\"id\":\"ada l\u00e9\",\"user\":{\"id\":\"ada l\u00e9\",\"name\":\"Ada\",\"avatar\":\"/a\"},"
                  + "\"connections\":[{\"id\":\""
                  + alice.id()
                  + "\",\"server\":\"one-")
          .contains("\"transport\":\"tcp\",\"connectedAt\":", "\"rooms\":[\"attic\"]}", phone.id())
          .endsWith("\"connectionsCount\":2,\"complete\":true}");
      String users =
          "\"users\":[{\"id\":\"ada l\u00e9\",\"name\":\"Ada\",\"avatar\":\"/a\",\"connections\":2,"
              + "\"members\":[\"%s\",\"%s\"]}],\"usersCount\":1".formatted(alice.id(), phone.id());
      assertThat(browser.get("/rooms/attic").body()).contains("\"membersCount\":2," + users);
      assertThat(browser.get("/rooms/attic?limit=1").body()).contains(users, "\"next\":");
      assertThat(browser.get("/rooms/attic?usersAfter=ada%20l%C3%A9").body())
          .contains("\"users\":[],\"usersCount\":1");
      assertThat(browser.get("/rooms/attic?usersAfter=" + "x".repeat(129)).body())
          .contains("usersAfter must be a user's id");
      assertThat(browser.get("/rooms/cellar").body()).doesNotContain("users");
      assertThat(alice.ask("roomView")).contains(users);

      String moves = "/admin/users/ada%20l%C3%A9/rooms/";
      assertThat(asked(curl, "PUT", moves + "cellar").body())
          .isEqualTo(
              "{\"id\":\"ada l\u00e9\",\"room\":\"cellar\",\"connections\":2,\"complete\":true}");
      assertThat(alice.next()).contains("\"room\":\"cellar\"", "\"status\":\"joined\"");
      assertThat(asked(curl, "DELETE", moves + "cellar").body()).contains("\"connections\":2");
      assertThat(alice.next()).contains("\"room\":\"cellar\"", "\"status\":\"left\"");
      assertThat(asked(curl, "PUT", moves + "%40ada").status()).isEqualTo(400);
      assertThat(asked(curl, "PUT", moves + "a%0Ab").status()).isEqualTo(400);
      assertThat(asked(curl, "POST", moves + "cellar").status()).isEqualTo(405);
      assertThat(asked(browser, "PUT", moves + "cellar").status()).isEqualTo(401);
    }
  }

  private static HttpClient.Response asked(HttpClient client, String method, String path) {
    client.sendRequest(method, path, "");
    return client.response();
  }
}
