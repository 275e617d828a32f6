package io.earshot.netty.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.testing.Await;
import io.earshot.token.TokenKeys;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Who may do what with the admin API: keys and users, who may write or only read. */
final class AdminRightsTest {
  private static final String KEY = "k".repeat(40);
  private static final String READ_KEY = "r".repeat(40);
  private static final String BAN = "{\"target\":{\"id\":\"a\"},\"seconds\":60}";

  private static final String TOKEN_KEY = "k1 HS256 0123456789abcdef0123456789abcdef";

  private static final EarshotServer SERVER =
      Kind.LEAN_LINES.start(
          Config.defaults()
              .with("admin.keys", List.of("shop " + KEY))
              .with("admin.readKeys", List.of("eye " + READ_KEY))
              .with("admin.users", List.of("ada"))
              .with("admin.readUsers", List.of("bob"))
              .with("tokens.keys", List.of(TOKEN_KEY))
              .with("users.cookie", "login"));

  @AfterAll
  static void stop() {
    SERVER.close();
  }

  private static String token(String user) {
    return token(user, 3_600);
  }

  private static String token(String user, int seconds) {
    Map<String, Object> claims =
        Map.of("sub", user, "exp", System.currentTimeMillis() / 1_000 + seconds);
    return new TokenKeys(List.of(TOKEN_KEY), "").sign(claims);
  }

  private static Response ask(String secret, String method, String path, String body) {
    try (var client = new HttpClient(SERVER.httpPort(), false, "Authorization: Bearer " + secret)) {
      client.sendRequest(method, path, body, "Content-Type: application/json");
      return client.response();
    }
  }

  @Test
  void a_key_that_may_read_sees_everything_and_changes_nothing() {
    assertThat(ask(READ_KEY, "GET", "/admin/key", "").body())
        .isEqualTo("{\"name\":\"eye\",\"mayWrite\":false}");
    assertThat(ask(KEY, "GET", "/admin/key", "").body())
        .isEqualTo("{\"name\":\"shop\",\"mayWrite\":true}");
    assertThat(ask(READ_KEY, "GET", "/admin/overview", "").status()).isEqualTo(200);
    for (String call :
        List.of(
            "POST /admin/bans",
            "POST /admin/mutes",
            "DELETE /admin/connections/a",
            "DELETE /admin/rooms/attic",
            "POST /admin/rooms/attic/messages",
            "PUT /admin/users/a/rooms/attic",
            "PATCH /admin/nothing")) {
      String[] words = call.split(" ");
      Response response = ask(READ_KEY, words[0], words[1], BAN);
      assertThat(response.status()).as(call).isEqualTo(403);
      assertThat(response.body()).contains("eye may read here, and change nothing");
    }
    assertThat(ask(KEY, "GET", "/admin/bans", "").body()).doesNotContain("\"id\":\"a\"");
  }

  @Test
  void users_who_are_admins_log_in_with_their_token() {
    assertThat(ask(token("ada"), "GET", "/admin/key", "").body())
        .isEqualTo("{\"name\":\"ada\",\"mayWrite\":true}");
    Response ban = ask(token("ada"), "POST", "/admin/bans", BAN.replace("\"a\"", "\"x\""));
    assertThat(ban.status()).isEqualTo(201);
    assertThat(ask(token("bob"), "GET", "/admin/bans", "").status()).isEqualTo(200);
    assertThat(ask(token("bob"), "POST", "/admin/bans", BAN).status()).isEqualTo(403);
    Response other = ask(token("eve"), "GET", "/admin/bans", "");
    assertThat(other.status()).isEqualTo(403);
    assertThat(other.body()).contains("this user is no admin (admin.users)");
    Response expired = ask(token("ada", -60), "GET", "/admin/bans", "");
    assertThat(expired.status()).isEqualTo(401);
    assertThat(expired.body()).contains("expired");
    assertThat(ask("eyJa.b.c", "GET", "/admin/bans", "").status()).isEqualTo(401);
  }

  /** A browser sends cookies for the pages of others, too. */
  @Test
  void the_cookie_of_a_login_gives_no_rights_here() {
    try (var client = new HttpClient(SERVER.httpPort(), false, "Cookie: login=" + token("ada"))) {
      Response response = client.get("/admin/overview");
      assertThat(response.status()).isEqualTo(401);
      assertThat(response.body()).contains("a key is required");
    }
  }

  @Test
  void an_address_that_shows_wrong_keys_is_named_to_the_operator() {
    ask("w".repeat(40), "GET", "/admin/overview", "");
    Await.until(
        "the address is named",
        () ->
            ask(KEY, "GET", "/admin/overview", "")
                .body()
                .contains("wrong keys of the admin API are shown from 127.0.0.1: "));
  }

  @Test
  void names_and_users_are_in_one_list_only() {
    Config config = Config.defaults().with("admin.keys", List.of("shop " + KEY));
    assertThatThrownBy(() -> config.with("admin.readKeys", List.of("shop " + READ_KEY)))
        .hasMessageContaining("admin.readKeys: each key must have a name of its own");
    assertThatThrownBy(() -> config.with("admin.keys", List.of("shop " + KEY + " read")))
        .hasMessageContaining("without blanks");
    Config users = config.with("admin.users", List.of("ada"));
    assertThatThrownBy(() -> users.with("admin.readUsers", List.of("ada")))
        .hasMessageContaining("each user is listed once");
    assertThatThrownBy(() -> users.with("admin.users", List.of("ada l")))
        .hasMessageContaining("no blanks");
  }
}
