package io.earshot.netty.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.config.HostPattern;
import io.earshot.netty.http.Site;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.Logged;
import io.earshot.netty.testing.OnBoth;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.netty.testing.WebSocketClient;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whose pages may speak: origins and hosts in settings, headers and behind proxies. */
final class OriginsTest {
  @RegisterExtension final ServerAndClients web = new ServerAndClients();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          https://App.Example.org     | https://app.example.org           | true
          HTTPS://app.example.org     | https://app.example.org           | true
          https://app.example.org:443 | https://app.example.org           | true
          https://app.example.org     | https://app.example.org:443       | true
          http://app.example.org:80   | http://app.example.org            | true
          https://app.example.org.    | https://app.example.org           | true
          https://*.example.org       | https://a.example.org             | true
          https://*.example.org       | https://a.b.Example.org           | true
          https://*.example.org:8443  | https://a.example.org:8443        | true
          https://bücher.example      | https://xn--bcher-kva.example     | true
          http://[0:0:0:0:0:0:0:1]:80 | http://[::1]                      | true
          chrome-extension://abcdef   | chrome-extension://abcdef         | true
          capacitor://localhost       | capacitor://localhost             | true
          https://*.example.org       | https://example.org               | false
          https://*.example.org       | https://evilexample.org           | false
          https://*.example.org       | https://a.example.org.evil.com    | false
          https://*.example.org       | http://a.example.org              | false
          https://app.example.org     | https://app.example.org:8443      | false
          https://app.example.org     | http://app.example.org            | false
          https://app.example.org     | http://app.example.org:443        | false
          https://app.example.org     | null                              | false
          https://app.example.org     | https://app.example.org@evil.com  | false
          https://app.example.org     | https://app.example.org/          | false
          """)
  void origins_are_compared_by_scheme_host_and_port(String setting, String page, boolean same) {
    assertThat(Origins.of(List.of(setting)).names(page)).isEqualTo(same);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          app.example.org             | is not an origin; write it like https://chat.example.org
          https://app.example.org/    | is not an origin
          https://app.example.org/x   | is not an origin
          https://u@app.example.org   | is not an origin
          https://app.example.org:0   | is not an origin
          https://app.example.org:99999 | is not an origin
          https://10.1                | is not an origin
          https://*.10.0.0.1          | is not an origin
          null                        | is not an origin
          wss://app.example.org       | can never match: the origin of a page begins with http
          ws://app.example.org        | can never match
          https://*                   | can never match: * stands for all subdomains
          https://app-*.example.org   | can never match
          https://app.*.example.org   | can never match
          https://*example.org        | can never match
          https://app.example.org:*   | can never match
          """)
  void an_origin_that_can_never_match_is_refused_at_the_start(String setting, String why) {
    for (String path : List.of("webSockets.allowedOrigins", "httpServer.corsOrigins")) {
      assertThatThrownBy(() -> Config.defaults().with(path, setting).check())
          .hasMessageStartingWith(path + ": '" + setting + "' ")
          .hasMessageContaining(why);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://x.example", "a b", "x/y", "*.", "a.*.example", "x:y", "10.1"})
  void a_host_that_no_request_names_is_refused_at_the_start(String host) {
    assertThatThrownBy(() -> Config.defaults().with("httpServer.hosts", host).check())
        .hasMessage(
            "httpServer.hosts: '"
                + host
                + "' is not a host; write it like chat.example.org or *.example.org");
  }

  private static final String PROXY =
      "httpServer.trustedProxies=127.0.0.1|httpServer.bindIP=127.0.0.1";

  /** Opens a WebSocket, and posts a message, as the page of an origin. */
  private void speaks(Kind kind, String settings, String headers, boolean isOwn) {
    web.start(kind, Config.defaults(), settings.split("\\|"));
    String head = headers.replace("|", "\r\n").replaceAll(" *\r\n *", "\r\n").strip() + "\r\n";
    try (var socket = WebSocketClient.raw(web.server().httpPort())) {
      socket.text(WebSocketClient.handshake("/", "").replaceFirst("(?i)host: [^\r]*\r\n", head));
      assertThat(socket.head()).as(headers).contains(isOwn ? " 101 " : " 403 ");
    }
    HttpClient curl = web.curl();
    curl.text(
        "POST /rooms/attic/messages HTTP/1.1\r\n"
            + head
            + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
    assertThat(curl.response().status()).as(headers).isEqualTo(isOwn ? 201 : 403);
  }

  @OnBoth
  void a_page_of_this_server_speaks_whatever_a_proxy_does_to_the_host(Kind kind) {
    String open = "httpServer.hosts=*";
    for (String own :
        List.of(
            "Host: localhost:8080 | Origin: http://localhost:8080",
            "Host: LocalHost:8080 | Origin: http://localhost:8080",
            "Host: example.org | Origin: http://example.org",
            "Host: example.org | Origin: https://example.org",
            "Host: example.org:80 | Origin: http://example.org",
            "Host: example.org:443 | Origin: https://example.org",
            "Host: example.org. | Origin: https://example.org",
            "Host: example.org | Origin: http://example.org:8081 | X-Forwarded-For: 192.0.2.1",
            "Host: example.org | Origin: https://example.org:8443 | Via: 1.1 proxy",
            "Host: [::1]:8080 | Origin: http://[::1]:8080",
            "Host: 127.0.0.1:8080 | Origin: http://localhost:8081 | Sec-Fetch-Site: same-origin")) {
      speaks(kind, open, own, true);
    }
    for (String foreign :
        List.of(
            "Host: localhost:8080 | Origin: http://localhost:3000",
            "Host: example.org:443 | Origin: https://example.org:8443",
            "Host: example.org:80 | Origin: https://example.org",
            "Host: example.org | Origin: http://example.org:8081",
            "Host: example.org | Origin: http://example.org:8081 | Via: 1.1 x | Sec-Fetch-Site: same-site",
            "Host: example.org | Origin: http://evil.example",
            "Host: example.org | Origin: null",
            "Host: example.org | Origin: http://example.org | Origin: http://evil.example",
            "Host: 127.0.0.1:8080 | Origin: http://evil.example",
            "Host: 127.0.0.1:8080 | Origin: http://evil.example | Sec-Fetch-Site: cross-site",
            "Host: x | Origin: http://evil.example | X-Forwarded-Host: evil.example")) {
      speaks(kind, open, foreign, false);
    }
  }

  @OnBoth
  void a_trusted_proxy_says_which_host_and_scheme_its_client_used(Kind kind) {
    String upstream = "Host: 127.0.0.1:8080 | ";
    for (String own :
        List.of(
            "X-Forwarded-Host: example.org | Origin: https://example.org",
            "X-Forwarded-Host: example.org:8443 | Origin: https://example.org:8443",
            "X-Forwarded-Host: example.org | X-Forwarded-Port: 8443 | Origin: https://example.org:8443",
            "X-Forwarded-Host: example.org | X-Forwarded-Proto: https | Origin: https://example.org",
            "X-Forwarded-Host: example.org | X-Forwarded-Proto: wss | Origin: https://example.org",
            "Forwarded: for=192.0.2.1;host=example.org;proto=https | Origin: https://example.org",
            "Forwarded: for=192.0.2.1, for=\"[::1]:9\"; Host=\"example.org:8443\" | Origin: https://example.org:8443")) {
      speaks(kind, PROXY, upstream + own, true);
    }
    for (String foreign :
        List.of(
            "X-Forwarded-Host: example.org | X-Forwarded-Proto: https | Origin: http://example.org",
            "X-Forwarded-Host: example.org | X-Forwarded-Port: 8443 | Origin: https://example.org",
            "X-Forwarded-Host: evil.example, example.org | Origin: https://evil.example",
            "Forwarded: host=example.org;proto=https | Origin: http://example.org",
            "X-Forwarded-Host: example.org | Forwarded: host=evil.example | Origin: http://evil.example")) {
      speaks(kind, PROXY, upstream + foreign, false);
    }
  }

  @OnBoth
  void the_pages_of_a_host_that_the_setting_names_are_this_servers(Kind kind) {
    String named =
        "httpServer.hosts=chat.example.org, www.example.org:8443|httpServer.bindIP=127.0.0.1";
    // What the plain snippet of nginx's documentation sends: the host of the upstream.
    String upstream = "Host: 127.0.0.1:8080 | ";
    speaks(kind, named, upstream + "Origin: https://chat.example.org", true);
    speaks(kind, named, upstream + "Origin: http://chat.example.org:8081", true);
    speaks(kind, named, upstream + "Origin: https://www.example.org:8443", true);
    speaks(kind, named, upstream + "Origin: https://www.example.org", false);
    speaks(kind, named, upstream + "Origin: https://evil.example", false);
    speaks(kind, named, "Host: chat.example.org | Origin: http://chat.example.org:8081", true);
    speaks(kind, named, "Host: chat.example.org:80 | Origin: http://chat.example.org:81", false);
  }

  @OnBoth
  void a_host_that_is_not_this_servers_is_refused_on_every_route(Kind kind) {
    web.start(kind, Config.defaults(), "httpServer.bindIP=127.0.0.1");
    int port = web.server().httpPort();
    for (String host :
        List.of(
            "evil.example",
            "evil.example:" + port,
            "EVIL.example.",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io",
            "evil.example@localhost",
            "localhost:x",
            "")) {
      speaks(
          kind,
          "httpServer.bindIP=127.0.0.1",
          "Host: " + host + " | Origin: http://" + host,
          false);
      for (String path :
          List.of("/", "/status", "/rooms/attic", "/rooms/attic/messages", "/public/earshot.js")) {
        HttpClient curl = web.curl();
        curl.text("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        HttpClient.Response refused = curl.response();
        assertThat(refused.status()).as(host + path).isEqualTo(403);
        assertThat(refused.body()).contains("httpServer.hosts");
        assertThat(refused.header("set-cookie")).isEmpty();
      }
    }
  }

  @OnBoth
  void the_log_names_a_refused_host_and_the_setting_once_in_a_while(Kind kind) {
    web.start(kind, Config.defaults(), "httpServer.bindIP=127.0.0.1");
    try (var log = new Logged(Site.class)) {
      for (String host : List.of("localhost:x", "Chat.example.org:8443", "evil.example")) {
        HttpClient curl = web.curl();
        curl.text("GET /status HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
        assertThat(curl.response().status()).as(host).isEqualTo(403);
      }
      assertThat(log.lines())
          .containsExactly(
              "HTTP requests to the host chat.example.org are refused with 403; if it is a name of this"
                  + " server, add it to httpServer.hosts, or the proxy that forwards it to"
                  + " httpServer.trustedProxies");
    }
  }

  @OnBoth
  void local_names_addresses_and_what_is_configured_are_answered(Kind kind) {
    web.start(
        kind,
        Config.defaults(),
        "httpServer.bindIP=127.0.0.1",
        "httpServer.hosts=chat.example.org, *.example.net",
        "webSockets.allowedOrigins=https://shop.example.com");
    for (String host :
        List.of(
            "localhost:8080",
            "LOCALHOST",
            "app.localhost",
            "127.0.0.1:8080",
            "192.168.1.7:8080",
            "[::1]:8080",
            "earshot:8080",
            "mybox.local",
            "chat.example.org:8443",
            "a.example.net",
            "shop.example.com")) {
      HttpClient curl = web.curl();
      curl.text("GET /status HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      assertThat(curl.response().status()).as(host).isEqualTo(200);
    }
    HttpClient curl = web.curl();
    curl.text("GET /status HTTP/1.0\r\n\r\n");
    assertThat(curl.response().status()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, false",
    "::1, false",
    "10.1.2.3, false",
    "172.17.0.2, false",
    "192.168.1.7, false",
    "100.64.0.1, false",
    "169.254.1.1, false",
    "fd00::1, false",
    "fe80::1, false",
    "192.0.2.2, false",
    "8.8.8.8, true",
    "100.128.0.1, true",
    "172.32.0.1, true",
    "2606:4700::1, true"
  })
  void an_address_is_public_if_it_is_of_no_private_network(String address, boolean isPublic) {
    assertThat(OwnHosts.isPublic(InetAddress.ofLiteral(address))).isEqualTo(isPublic);
    Config config = Config.defaults().with("httpServer.bindIP", address);
    assertThat(OwnHosts.of(config).isAny()).isEqualTo(isPublic);
    assertThat(OwnHosts.of(config).serves(HostPattern.ofHeader("evil.example")))
        .isEqualTo(isPublic);
    Config named = config.with("httpServer.hosts", "chat.example.org");
    assertThat(OwnHosts.of(named).serves(HostPattern.ofHeader("evil.example"))).isFalse();
  }
}
