package io.earshot.netty.page;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.netty.testing.TcpClient;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The login that the server gives to visitors of its chat page. */
final class DevelopmentLoginTest {
  private static final String JSON = "application/json";

  @RegisterExtension final ServerAndClients web = new ServerAndClients();

  private void start(String... settings) {
    web.start(Kind.LEAN_FRAMES, Config.defaults().with("rooms.announcements", false), settings);
  }

  private Response asks(Map<String, Object> fields, String... headers) {
    HttpClient curl = web.opened(new HttpClient(web.server().httpPort(), false, headers));
    return curl.post("/development-login", JSON, new String(Json.from(fields).encode(), UTF_8));
  }

  private static Json.Obj fields(Response answer) throws Exception {
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    return (Json.Obj) Json.parse(answer.body());
  }

  private static String token(Json.Obj answer) {
    return ((Json.Text) Objects.requireNonNull(answer.fields().get("token"))).value();
  }

  private static User user(Json.Obj answer) {
    return User.of((Json.Obj) Objects.requireNonNull(answer.fields().get("user")));
  }

  @Test
  void a_visitor_chooses_a_name_and_logs_in_with_the_token() throws Exception {
    start();
    Response response = asks(Map.of("name", " Ada "));
    assertThat(response.header("cache-control")).containsExactly("no-store");
    Json.Obj answer = fields(response);
    assertThat(answer.fields().get("development")).isEqualTo(Json.of(true));
    User user = user(answer);
    assertThat(user.name()).isEqualTo("Ada");
    assertThat(user.id()).matches("dev-[0-9a-f]{32}");
    TcpClient nc = web.lines();
    nc.send("{\"event\":\"login\",\"token\":\"" + token(answer) + "\"}");
    assertThat(nc.next()).contains("\"status\":\"OK\"", new String(user.json().encode(), UTF_8));
  }

  @Test
  void the_id_stays_with_the_token_and_only_with_a_token_from_here() throws Exception {
    start();
    Json.Obj first = fields(asks(Map.of("name", "Ada")));
    Json.Obj second = fields(asks(Map.of("name", "Ada L.", "token", token(first))));
    assertThat(user(second).id()).isEqualTo(user(first).id());
    assertThat(user(second).name()).isEqualTo("Ada L.");
    String signed = token(first);
    String forged = signed.substring(0, signed.length() - 4) + "AAAA";
    var room = web.server().api().chatRoom().createPrivateRoom();
    String its = room.token(user(first).id(), Duration.ofHours(1));
    for (String other : new String[] {forged, its, "", "no.token.here"}) {
      assertThat(user(fields(asks(Map.of("name", "Eve", "token", other)))).id())
          .isNotEqualTo(user(first).id());
    }
  }

  @Test
  void the_claims_are_those_that_the_settings_name() throws Exception {
    start("users.idClaim=uid", "users.nameClaim=nick");
    Json.Obj first = fields(asks(Map.of("name", "Ada")));
    TcpClient nc = web.lines();
    nc.send("{\"event\":\"login\",\"token\":\"" + token(first) + "\"}");
    assertThat(nc.next()).contains(new String(user(first).json().encode(), UTF_8));
    Json.Obj second = fields(asks(Map.of("name", "Ada", "token", token(first))));
    assertThat(user(second).id()).isEqualTo(user(first).id());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "users.developmentLogin=false",
        "users.required=true",
        "tokens.keys=k1 HS256 0123456789abcdef0123456789abcdef",
        "users.jwks=http://127.0.0.1:9/jwks.json",
        "users.issuer=my-app",
        "users.audience=chat"
      })
  void it_is_off_where_the_application_has_users_of_its_own(String setting) {
    start(setting);
    Response answer = asks(Map.of("name", "Ada"));
    assertThat(answer.status()).isEqualTo(404);
    assertThat(web.curl().get("/development-login").body()).isEqualTo("{\"available\":false}");
    assertThat(answer.body())
        .contains("there is no development login on this server", setting.split("=", 2)[0]);
  }

  @Test
  void pages_of_other_origins_get_none_whatever_the_settings_allow_them() {
    start("httpServer.corsOrigins=https://app.example");
    for (String header :
        new String[] {
          "Origin: https://app.example",
          "Origin: https://evil.example",
          "Origin: null",
          "Sec-Fetch-Site: cross-site",
          "Sec-Fetch-Site: same-site"
        }) {
      assertThat(asks(Map.of("name", "Ada"), header).status()).as(header).isEqualTo(403);
    }
    assertThat(asks(Map.of("name", "Ada"), "Sec-Fetch-Site: same-origin").status()).isEqualTo(200);
    assertThat(web.curl().post("/development-login", "text/plain", "{\"name\":\"Ada\"}").status())
        .isEqualTo(415);
    HttpClient curl = web.curl();
    curl.sendRequest("DELETE", "/development-login", "");
    Response refused = curl.response();
    assertThat(refused.status()).isEqualTo(405);
    assertThat(refused.header("allow")).containsExactly("GET, HEAD, POST");
    assertThat(web.curl().get("/development-login?name=Ada").body())
        .isEqualTo("{\"available\":true}");
  }

  @Test
  void a_name_that_could_mislead_others_is_refused_with_the_reason() {
    start();
    assertThat(asks(Map.of("name", "  ")).body()).contains("1 to 128 characters");
    assertThat(asks(Map.of("name", "x".repeat(10_000))).body()).contains("1 to 128 characters");
    assertThat(asks(Map.of("name", "Ada\u202enimda")).body()).contains("direction of text");
    assertThat(asks(Map.of("name", "a\u0007b")).body()).contains("control characters");
    assertThat(asks(Map.of("name", 5)).body()).contains("name is required");
    assertThat(asks(Map.of()).status()).isEqualTo(400);
    assertThat(web.curl().post("/development-login", JSON, "[]").status()).isEqualTo(400);
  }

  @Test
  void a_login_costs_as_much_as_several_requests() {
    start("limits.requestsPerSecond=1", "limits.exemptAddresses=");
    assertThat(asks(Map.of("name", "Ada")).status()).isEqualTo(200);
    assertThat(asks(Map.of("name", "Ada")).status()).isEqualTo(429);
  }
}
