package io.earshot.netty.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.ServerWithActions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cookies that HTTP clients are known by, and whose cookies count. */
final class IdentityTest {
  @RegisterExtension final ServerWithActions web = new ServerWithActions();

  @Test
  void without_cookies_each_request_is_from_a_new_client_in_the_default_room() {
    HttpClient curl = web.curl();
    String first = curl.get(ServerWithActions.chat("roomChange&room=attic")).id();
    Response second = curl.get(ServerWithActions.chat("detailsView"));
    assertThat(second.body()).contains("\"room\":\"defaultRoom\"");
    assertThat(second.id()).isNotEqualTo(first);
  }

  @Test
  void the_cookie_is_a_secret_and_the_id_is_not_the_cookie() {
    HttpClient browser = web.browser();
    String id = browser.get(ServerWithActions.chat("detailsView")).id();
    String secret = browser.cookie("sessionID");
    assertThat(secret).hasSize(80).doesNotContain(id);
    Response again = browser.get(ServerWithActions.chat("detailsView"));
    assertThat(again.id()).isEqualTo(id);
    assertThat(again.header("set-cookie")).isEmpty();
  }

  @Test
  void a_cookie_that_this_server_did_not_make_is_never_accepted() {
    HttpClient victim = web.browser();
    String id = victim.get(ServerWithActions.chat("detailsView")).id();
    String secret = victim.cookie("sessionID");
    String tcpId = web.lines().id();
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
      HttpClient thief = web.browser();
      thief.setCookie("sessionID", forged);
      Response response = thief.get(ServerWithActions.chat("detailsView"));
      assertThat(response.id()).isNotIn(id, tcpId, forged);
      assertThat(thief.cookie("sessionID")).isNotEqualTo(forged).hasSize(80);
    }
  }

  @Test
  void another_cookie_of_the_same_name_before_it_does_not_hide_a_valid_cookie() {
    HttpClient browser = web.browser();
    String id = browser.get("/echo").id();
    String cookie = "Cookie: sessionID=planted; sessionID=" + browser.cookie("sessionID");
    assertThat(web.curl().get("/echo", cookie).id()).isEqualTo(id);
  }

  @Test
  void all_cookie_headers_count() {
    HttpClient browser = web.browser();
    String id = browser.get("/echo").id();
    String cookie = "Cookie: sessionID=" + browser.cookie("sessionID");
    Response split =
        web.curl()
            .get(
                ServerWithActions.chat("detailsView"),
                "Cookie: a=b",
                cookie,
                "Cookie: __room=attic");
    assertThat(split.id()).isEqualTo(id);
    assertThat(split.body()).contains("\"room\":\"attic\"");
    assertThat(split.header("set-cookie")).isEmpty();
  }

  @Test
  void a_room_cookie_that_is_not_utf8_names_no_room() {
    assertThat(web.curl().get(ServerWithActions.chat("detailsView"), "Cookie: __room=%ff").body())
        .contains("\"room\":\"defaultRoom\"");
  }

  @Test
  void the_cookie_can_be_renamed_or_turned_off() throws Exception {
    web.restart("commonWeb.fingerprintOptions.cookieKey=sid");
    assertThat(web.curl().get("/echo").header("set-cookie"))
        .singleElement()
        .asString()
        .startsWith("sid=");
    web.restart("commonWeb.fingerprintOptions.toSetCookie=false");
    assertThat(web.curl().get("/echo").header("set-cookie")).isEmpty();
  }

  @Test
  void a_client_known_by_its_headers_is_the_same_while_they_are_the_same() throws Exception {
    web.restart("commonWeb.fingerprintOptions.onlyStaticElements=true");
    String id = web.curl().get("/echo", "User-Agent: a").id();
    assertThat(web.curl().get("/echo", "User-Agent: a", "Referer: http://x/").id()).isEqualTo(id);
    assertThat(web.curl().get("/echo", "User-Agent: b").id()).isNotEqualTo(id);
  }

  @Test
  void a_secret_from_the_settings_outlasts_a_restart() throws Exception {
    web.restart("commonWeb.cookieSecret=correct horse battery staple");
    HttpClient before = web.browser();
    String id = before.get("/echo").id();
    String cookie = before.cookie("sessionID");
    web.restart("commonWeb.cookieSecret=correct horse battery staple");
    HttpClient after = web.browser();
    after.setCookie("sessionID", cookie);
    assertThat(after.get("/echo").id()).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Sec-Fetch-Site: cross-site", "Origin: http://evil.example", "Origin: null"})
  void pages_of_other_sites_may_not_chat_and_their_cookies_do_not_count(String header) {
    HttpClient browser = web.browser();
    String id = browser.get("/echo").id();
    assertThat(browser.get(ServerWithActions.chat("say&message=x"), header).status())
        .isEqualTo(403);
    Response echo = browser.get("/echo", header);
    assertThat(echo.id()).isNotEqualTo(id);
    assertThat(echo.header("set-cookie")).isEmpty();
    assertThat(echo.header("access-control-allow-origin")).isEmpty();
  }

  @Test
  void pages_of_listed_origins_may_chat_and_pages_of_any_origin_only_without_cookies()
      throws Exception {
    web.restart("httpServer.corsOrigins=https://shop.example");
    Response named =
        web.browser().get(ServerWithActions.chat("say&message=x"), "Origin: https://shop.example");
    assertThat(named.status()).isEqualTo(200);
    assertThat(named.header("access-control-allow-origin")).containsExactly("https://shop.example");
    web.restart("httpServer.corsOrigins=*");
    Response any =
        web.browser().get(ServerWithActions.chat("say&message=x"), "Origin: https://any.example");
    assertThat(any.header("access-control-allow-origin")).containsExactly("*");
    assertThat(any.header("access-control-allow-credentials")).isEmpty();
    assertThat(any.header("set-cookie")).isEmpty();
  }

  @Test
  void a_page_of_the_same_site_but_another_origin_may_not_chat() {
    assertThat(
            web.browser()
                .get(ServerWithActions.chat("say&message=x"), "Sec-Fetch-Site: same-site")
                .status())
        .isEqualTo(403);
    assertThat(
            web.browser()
                .get(ServerWithActions.chat("say&message=x"), "Sec-Fetch-Site: same-origin")
                .status())
        .isEqualTo(200);
  }
}
