package io.earshot.netty;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.Attacks;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.UnaffectedClients;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Attacks by pages of other origins, and by HTTP requests that are made to be misread. */
final class AbuseWebTest {
  @RegisterExtension static final Attacks attacks = new Attacks();

  private static String url(String text) {
    return URLEncoder.encode(text, UTF_8);
  }

  @Test
  void no_name_or_cookie_splits_a_response() throws Exception {
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          String split = "x%0d%0aevil:%20yes%0d%0a%0d%0a";
          for (String path :
              List.of(
                  "/chat?method=roomChange&room=" + split,
                  "/chat?method=detailsView&callback=" + split,
                  "/" + split,
                  "/public/" + split,
                  "/rooms/" + split,
                  "/rooms/x/messages?after=" + split,
                  "/api/" + split + "?outputType=xml")) {
            HttpClient curl = attacks.curl();
            String head = curl.get(path, "Cookie: __room=" + split + "; sessionID=" + split).head();
            assertThat(head.toLowerCase(Locale.ROOT)).doesNotContain("\nevil");
            assertThat(curl.get("/status").status()).as("the answer after it").isEqualTo(200);
          }
        });
  }

  @Test
  void scripts_of_other_pages_get_no_messages_and_inject_no_script() throws Exception {
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          HttpClient curl = attacks.curl();
          for (String callback :
              List.of("<script>", "a(b)", "a;b", "a b", "a'", "x".repeat(65), "")) {
            Response refused = curl.get("/status?callback=" + url(callback));
            assertThat(refused.status()).isEqualTo(400);
            assertThat(refused.header("x-content-type-options")).containsExactly("nosniff");
          }
          assertThat(curl.get("/chat?method=messages&callback=cb").status()).isEqualTo(400);
        });
  }

  @Test
  void pages_of_other_sites_change_nothing_in_the_name_of_a_visitor() throws Exception {
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          Client witness = attacks.client(Kind.LEAN_LINES);
          HttpClient victim = attacks.browser();
          assertThat(victim.get("/chat?method=detailsView").header("set-cookie"))
              .allSatisfy(cookie -> assertThat(cookie).contains("SameSite=Lax", "HTTPOnly"));
          for (String header :
              List.of(
                  "Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site")) {
            assertThat(victim.get("/chat?method=say&message=forged", header).status())
                .isEqualTo(403);
            victim.sendRequest(
                "POST",
                "/rooms/defaultRoom/messages",
                "message=forged",
                header,
                "Content-Type: application/x-www-form-urlencoded");
            assertThat(victim.response().status()).isEqualTo(403);
          }
          assertThat(victim.get("/chat?method=say&message=own").status()).isEqualTo(200);
          assertThat(witness.heard()).contains("own");
        });
  }

  @Test
  void pages_of_other_sites_open_no_websocket() throws Exception {
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          for (String origin :
              List.of("https://evil.example", "null", "http://localhost.evil.example", "file://")) {
            for (String path : List.of("/", "/ws", "/rooms/" + UnaffectedClients.ROOM)) {
              var raw = attacks.opened(WebSocketClient.raw(server.httpPort()));
              raw.text(WebSocketClient.handshake(path, "Origin: " + origin + "\r\n"));
              assertThat(raw.head()).startsWith("HTTP/1.1 403 ");
            }
          }
        });
  }

  @Test
  void pages_of_other_sites_read_no_answer() throws Exception {
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          HttpClient curl = attacks.curl();
          for (String origin : List.of("https://evil.example", "null")) {
            for (String path : List.of("/status", "/rooms/x", "/rooms/x/messages", "/public/")) {
              assertThat(curl.get(path, "Origin: " + origin).head().toLowerCase(Locale.ROOT))
                  .doesNotContain("access-control-");
            }
            curl.sendRequest(
                "OPTIONS", "/chat", "", "Origin: " + origin, "Access-Control-Request-Method: POST");
            assertThat(curl.response().head().toLowerCase(Locale.ROOT))
                .doesNotContain("access-control-");
          }
        });
  }

  @Test
  void forwarding_headers_of_untrusted_senders_are_ignored() throws Exception {
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          for (String header :
              List.of(
                  "X-Forwarded-For: 192.0.2.1",
                  "Forwarded: for=192.0.2.1",
                  "X-Real-IP: 192.0.2.1")) {
            Response answer = attacks.curl().get("/status", header, "X-Forwarded-Proto: https");
            assertThat(answer.body()).contains("\"remoteAddress\":\"127.0.0.1\"");
            assertThat(answer.header("set-cookie").toString()).doesNotContain("Secure");
          }
        });
  }

  @Test
  void a_request_that_two_servers_may_read_differently_is_refused() throws Exception {
    String post = "POST /status HTTP/1.1\r\nHost: x\r\n";
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          for (String request :
              List.of(
                  post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
                  post + "Content-Length: 5, 6\r\n\r\nabcdef",
                  post + "Content-Length : 5\r\n\r\nabcde",
                  post + "Content-Length: 0x5\r\n\r\nabcde",
                  post
                      + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
                  post + "Transfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n",
                  post + "Transfer-Encoding: chunked\r\n\r\nx\r\n0\r\n\r\n",
                  post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n0\r\n\r\n",
                  post + "Transfer-Encoding: chunked\r\n\r\n1;a\n x\r\n0\r\n\r\n",
                  post.replace("1.1", "1.0")
                      + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  "GET /status HTTP/1.1\nHost: x\n\n",
                  "GET /status HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n")) {
            HttpClient raw = attacks.curl();
            raw.text(request + "GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(raw.response().status()).as(request).isIn(400, 501);
            Attacks.seeTheEnd(raw);
          }
        });
  }

  @Test
  void large_heads_lines_and_bodies_are_refused_before_they_take_memory() throws Exception {
    String post = "POST /status HTTP/1.1\r\nHost: x\r\n";
    String many = "x".repeat(1 << 20);
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          long before = Attacks.used();
          for (int i = 0; i < 8; i++) {
            for (String bomb :
                List.of(
                    "GET /" + many,
                    "GET / HTTP/1.1\r\nHost: x\r\nX: " + many,
                    "GET / HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n".repeat(200_000),
                    post + "Content-Length: 2147483648\r\n\r\n",
                    post + "Content-Length: 9223372036854775807\r\n\r\n",
                    post
                        + "Transfer-Encoding: chunked\r\n\r\n"
                        + ("100000\r\n" + many + "\r\n").repeat(3))) {
              Client raw = attacks.curl();
              Attacks.push(raw, bomb.getBytes(ISO_8859_1));
            }
            Client line = attacks.opened(Kind.LEAN_LINES.welcomed(server));
            Attacks.push(line, (many + many).getBytes(ISO_8859_1));
            assertThat(line.reply()).contains("lines have at most 65536 bytes");
          }
          assertThat(Attacks.used() - before).isLessThan(Attacks.MAX_LEFT);
        });
  }

  @Test
  void a_client_that_sends_slowly_has_one_deadline() throws Exception {
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          List<WebSocketClient> slow =
              attacks.many(60, () -> WebSocketClient.raw(server.httpPort()));
          List<String> starts =
              List.of(
                  "",
                  "GET / HT",
                  "GET / HTTP/1.1\r\nHost: x\r\nX: y",
                  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nab");
          for (int i = 0; i < slow.size(); i++) {
            slow.get(i).text(starts.get(i % starts.size()));
          }
          // Each drip starts no new deadline.
          Await.until(
              "the first is cut off",
              () -> {
                Attacks.push(slow.get(3), (byte) 'x');
                return slow.get(0).read() < 0;
              });
          slow.forEach(Attacks::seeTheEnd);
        },
        "httpServer.requestTimeout=3s");
  }

  @Test
  void no_path_leads_out_of_the_public_folder(@TempDir Path folder) throws Exception {
    Path shown = Files.createDirectory(folder.resolve("public"));
    Files.writeString(folder.resolve("secret"), "the secret");
    Files.writeString(shown.resolve("page"), "a page");
    Files.createSymbolicLink(shown.resolve("link"), folder.resolve("secret"));
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          HttpClient curl = attacks.curl();
          assertThat(curl.get("/public/page").body()).isEqualTo("a page");
          for (String way :
              List.of(
                  "../secret",
                  "..%2fsecret",
                  "%2e%2e/secret",
                  "..%5csecret",
                  "..\\secret",
                  ".//../secret",
                  "%252e%252e/secret",
                  "x/../../secret",
                  "link",
                  "..%00/secret",
                  "/" + folder + "/secret",
                  "....//secret",
                  "%c0%ae%c0%ae/secret")) {
            Response response = attacks.curl().get("/public/" + way);
            assertThat(response.body()).as(way).doesNotContain("the secret");
            assertThat(response.status()).as(way).isIn(400, 404);
          }
          for (Kind kind : List.of(Kind.LEAN_LINES, Kind.LEAN_FRAMES)) {
            assertThat(
                    attacks
                        .client(kind)
                        .ask("{\"action\":\"file\",\"params\":{\"fileName\":\"../secret\"}}"))
                .contains("error")
                .doesNotContain("the secret");
          }
        },
        "httpServer.publicFolder=" + shown);
  }
}
