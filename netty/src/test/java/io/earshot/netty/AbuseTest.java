package io.earshot.netty;

import static io.earshot.netty.testing.WebSocketClient.TEXT;
import static io.earshot.netty.testing.WebSocketClient.encode;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.netty.frame.FrameDecoder;
import io.earshot.netty.testing.Await;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Innocents;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.netty.util.ResourceLeakDetector;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.net.SocketException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What strangers do to a server, tried with real sockets: it is refused with a reason, two others
 * chat on all the while, and afterwards nothing is left of it. docs/threats.md has the list.
 */
final class AbuseTest {

  /** Much less than any of these attacks would take if it were kept. */
  private static final long MUCH = 24 << 20;

  private static final List<String> ODD_NAMES =
      List.of(
          "__proto__",
          "constructor",
          "class",
          "prototype",
          "toString",
          "hasOwnProperty",
          "hashCode",
          "null",
          "0",
          "$where",
          "../../etc/passwd",
          "%00",
          "a.b.c",
          "\u202Egnp.exe");

  private final Deque<Closeable> open = new ArrayDeque<>();

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_LINES"})
  @Retention(RetentionPolicy.RUNTIME)
  @interface OnBoth {}

  private interface Attack {
    void on(EarshotServer server) throws Exception;
  }

  /** Attacks a server while innocents chat there, and sees that nothing is left of it. */
  private void attack(Kind kind, Attack attack, String... settings) throws Exception {
    Config config =
        Config.defaults()
            .with("rooms.announcements", false)
            .with("limits.outboundBytes", 256 << 10)
            .with("limits.answerBytes", 256 << 10)
            .with("limits.historyBytes", 4 << 20);
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    try (EarshotServer server = kind.start(config);
        var innocents = new Innocents(server)) {
      long before = used();
      innocents.chatOnDuring(
          () -> {
            attack.on(server);
            closeAll();
          });
      innocents.seeNobodyElse();
      assertThat(used() - before).as("bytes that are left of the attack").isLessThan(MUCH);
    }
  }

  /** Where each access to a buffer is written down, as elsewhere in tests, everybody is slow. */
  private static final ResourceLeakDetector.Level LEVEL = ResourceLeakDetector.getLevel();

  @BeforeAll
  static void watchLess() {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
  }

  @AfterAll
  static void watchAsBefore() {
    ResourceLeakDetector.setLevel(LEVEL);
  }

  private static long used() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  @AfterEach
  void closeAll() throws IOException {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  private <T extends Closeable> T closing(T client) {
    open.push(client);
    return client;
  }

  private HttpClient curl(EarshotServer server) {
    return closing(new HttpClient(server.httpPort(), false));
  }

  private HttpClient browser(EarshotServer server) {
    return closing(new HttpClient(server.httpPort(), true));
  }

  private Client stranger(Kind kind, EarshotServer server) {
    return closing(kind.welcomed(server));
  }

  private <T extends Client> List<T> crowd(int count, Supplier<T> one) {
    return IntStream.range(0, count).mapToObj(_ -> closing(one.get())).toList();
  }

  private static String say(String text) {
    return "{\"event\":\"say\",\"message\":\"" + text + "\"}";
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\"", "\\\"");
  }

  private static String url(String text) {
    return URLEncoder.encode(text, UTF_8);
  }

  private static byte[] header(long length) {
    return ByteBuffer.allocate(10).put((byte) TEXT).put((byte) 0xFF).putLong(length).array();
  }

  /** Sends as much as the other side takes, which may be less than all. */
  private static void push(Client client, byte... bytes) {
    try {
      client.bytes(bytes);
    } catch (UncheckedIOException e) {
      // It is cut off already.
    }
  }

  /** Whether the stream ends, be it by a reset. */
  private static void seeTheEnd(Client client) {
    try {
      while (client.read() >= 0) {
        // what is said before it
      }
    } catch (UncheckedIOException e) {
      assertThat(e.getCause()).isInstanceOf(SocketException.class);
    }
  }

  // --- who somebody is ---------------------------------------------------------------------------

  @Test
  void a_cookie_that_was_not_given_out_makes_nobody_somebody_else() throws Exception {
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          HttpClient victim = browser(server);
          String id = victim.get("/chat?method=messages").id();
          String cookie = victim.cookie("sessionID");
          Client speaker = stranger(Kind.LEAN_LINES, server);
          assertThat(speaker.ask(say("for the victim"))).contains("OK");
          char last = cookie.charAt(79);
          for (String forged :
              List.of(
                  id,
                  id + id,
                  speaker.id(),
                  "planted",
                  cookie.substring(0, 79) + (last == '0' ? '1' : '0'),
                  "0".repeat(40) + cookie.substring(40))) {
            HttpClient thief = browser(server);
            thief.setCookie("sessionID", forged);
            Response stolen = thief.get("/chat?method=messages");
            assertThat(stolen.body()).contains("\"message\":null");
            assertThat(stolen.id()).isNotIn(id, forged);
            assertThat(thief.cookie("sessionID")).isNotEqualTo(forged).hasSize(80);
          }
          assertThat(victim.get("/chat?method=messages").body()).contains("for the victim");
        },
        "commonWeb.httpClientMessageTTL=1s");
  }

  @OnBoth
  void nobody_gives_themselves_an_attribute(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          Client friend = stranger(kind, server);
          Client stranger = stranger(kind, server);
          server.api().connection(friend.id()).orElseThrow().set("auth", "true");
          stranger.ask("{\"event\":\"paramAdd\",\"key\":\"auth\",\"value\":\"true\"}");
          stranger.ask("{\"event\":\"say\",\"message\":\"x\",\"auth\":\"true\"}");
          stranger.ask("{\"action\":\"status\",\"params\":{\"auth\":\"true\"}}");
          var chatRoom = server.api().chatRoom();
          chatRoom
              .socketRoomBroadcast(
                  StandIn.in("defaultRoom").withId("bot").to("auth", "true"), "for friends")
              .toCompletableFuture()
              .join();
          chatRoom.socketRoomBroadcast(null, "for all").toCompletableFuture().join();
          assertThat(stranger.heard()).contains("for all");
          assertThat(List.of(friend.heard(), friend.heard()).toString()).contains("for friends");
        });
  }

  @OnBoth
  void odd_names_are_names_and_aim_at_nobody(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          Client stranger = stranger(kind, server);
          Client witness = stranger(kind, server);
          for (String name : ODD_NAMES) {
            String odd = escaped(name);
            assertThat(stranger.ask("{\"event\":\"" + odd + "\"}")).contains("error");
            assertThat(stranger.ask("{\"action\":\"" + odd + "\"}")).contains("error");
            stranger.ask("{\"event\":\"paramAdd\",\"key\":\"" + odd + "\",\"value\":\"x\"}");
            assertThat(stranger.ask("{\"event\":\"paramView\",\"key\":\"" + odd + "\"}"))
                .contains("\"x\"");
            assertThat(stranger.ask("{\"event\":\"paramsDelete\"}")).contains("OK");
            assertThat(
                    stranger.ask(
                        "{\"event\":\"say\",\"message\":\"aimed\",\"roomMatchKey\":\""
                            + odd
                            + "\",\"roomMatchValue\":\"x\"}"))
                .contains("OK");
            assertThat(stranger.ask("{\"event\":\"roomChange\",\"room\":\"" + odd + "\"}"))
                .contains("OK");
            assertThat(stranger.ask("{\"event\":\"roomChange\",\"room\":\"defaultRoom\"}"))
                .contains("OK");
            assertThat(curl(server).get("/" + url(name) + "?" + url(name) + "=1").status())
                .isIn(200, 400);
          }
          assertThat(stranger.ask(say("for all"))).contains("OK");
          assertThat(witness.heard()).contains("for all");
        });
  }

  @OnBoth
  void a_filter_ends_with_its_parameter_or_its_request(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          Client speaker = stranger(kind, server);
          Client witness = stranger(kind, server);
          speaker.ask(
              "{\"event\":\"say\",\"message\":\"1\",\"roomMatchKey\":\"id\",\"roomMatchValue\":\"-\"}");
          assertThat(speaker.ask(say("2"))).contains("OK");
          assertThat(witness.heard()).contains("\"message\":\"2\"");
          speaker.ask("{\"event\":\"paramAdd\",\"key\":\"roomMatchKey\",\"value\":\"id\"}");
          speaker.ask("{\"event\":\"paramAdd\",\"key\":\"roomMatchValue\",\"value\":\"-\"}");
          assertThat(speaker.ask(say("3"))).contains("OK");
          speaker.ask("{\"event\":\"paramsDelete\"}");
          assertThat(speaker.ask(say("4"))).contains("OK");
          assertThat(witness.heard()).contains("\"message\":\"4\"");
          HttpClient browser = browser(server);
          browser.get("/chat?method=say&message=5&roomMatchKey=id&roomMatchValue=-");
          browser.get("/chat?method=say&message=6");
          assertThat(witness.heard()).contains("\"message\":\"6\"");
        });
  }

  @OnBoth
  void what_the_server_says_of_a_message_cannot_be_forged(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          Client liar = stranger(kind, server);
          Client witness = stranger(kind, server);
          String id = liar.id();
          String forged =
              "\"from\":\"Earshot\",\"context\":\"api\",\"sentAt\":1,\"offset\":77,\"epoch\":\"x\"";
          liar.ask("{\"event\":\"say\",\"message\":\"lie\"," + forged + "}");
          assertThat(witness.heard())
              .contains("\"from\":\"" + id + "\"", "\"context\":\"user\"", "\"offset\":1,")
              .doesNotContain("\"sentAt\":1,", "\"epoch\":\"x\"");
          curl(server)
              .get("/chat?method=say&message=lie&from=Earshot&sentAt=1&offset=77&context=api");
          assertThat(witness.heard())
              .contains("\"context\":\"user\"", "\"offset\":2,")
              .doesNotContain("\"from\":\"Earshot\"", "\"sentAt\":1,");
        });
  }

  @OnBoth
  void nobody_speaks_in_a_room_that_they_are_not_in(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          Client stranger = stranger(kind, server);
          String into =
              "{\"event\":\"say\",\"message\":\"psst\",\"room\":\"" + Innocents.ROOM + "\"}";
          for (int i = 0; i < 50; i++) {
            assertThat(stranger.ask(into)).contains("\"error\":\"Error: ").doesNotContain("OK");
          }
        });
  }

  // --- what is in a text -------------------------------------------------------------------------

  @OnBoth
  void a_text_never_breaks_out_of_its_line_or_frame(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          Client stranger = stranger(kind, server);
          Client lines = stranger(Kind.LEAN_LINES, server);
          Client frames = stranger(Kind.LEAN_FRAMES, server);
          String fake = "a\\r\\nquit\\r\\n{\\\"context\\\":\\\"api\\\"}\\u0000\\u2028\\u0085b";
          assertThat(stranger.ask(say(fake))).contains("OK");
          for (Client witness : List.of(lines, frames)) {
            assertThat(witness.heard())
                .contains("a\\r\\nquit\\r\\n{\\\"context\\\":\\\"api\\\"}\\u0000")
                .doesNotContain("\r", "\n", "\0");
          }
          for (byte[] bad :
              List.of(
                  new byte[] {(byte) 0xC3, (byte) 0x28},
                  new byte[] {(byte) 0xC0, (byte) 0x80},
                  new byte[] {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
                  new byte[] {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80})) {
            Client rude = stranger(kind, server);
            var text = new ByteArrayOutputStream();
            text.writeBytes("{\"event\":\"say\",\"message\":\"".getBytes(UTF_8));
            text.writeBytes(bad);
            text.writeBytes("\"}".getBytes(UTF_8));
            if (rude instanceof WebSocketClient frame) {
              frame.frame(TEXT, text.toByteArray());
              assertThat(frame.closeCode()).isEqualTo(1007);
            } else {
              text.write('\n');
              rude.bytes(text.toByteArray());
              assertThat(rude.reply()).contains("not valid UTF-8");
            }
          }
          assertThat(stranger.ask(say("end"))).contains("OK");
          assertThat(lines.heard()).contains("end");
          assertThat(frames.heard()).contains("end");
        });
  }

  @Test
  void no_name_or_cookie_splits_a_response() throws Exception {
    attack(
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
            HttpClient curl = curl(server);
            String head = curl.get(path, "Cookie: __room=" + split + "; sessionID=" + split).head();
            assertThat(head.toLowerCase(Locale.ROOT)).doesNotContain("\nevil");
            assertThat(curl.get("/status").status()).as("the answer after it").isEqualTo(200);
          }
        });
  }

  // --- pages of others ---------------------------------------------------------------------------

  @Test
  void scripts_of_other_pages_get_no_messages_and_name_no_script() throws Exception {
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          HttpClient curl = curl(server);
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
  void pages_of_others_change_nothing_in_a_visitor_s_name() throws Exception {
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          Client witness = stranger(Kind.LEAN_LINES, server);
          HttpClient victim = browser(server);
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
  void pages_of_others_open_no_websocket() throws Exception {
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          for (String origin :
              List.of("https://evil.example", "null", "http://localhost.evil.example", "file://")) {
            for (String path : List.of("/", "/ws", "/rooms/" + Innocents.ROOM)) {
              var raw = closing(WebSocketClient.raw(server.httpPort()));
              raw.text(WebSocketClient.handshake(path, "Origin: " + origin + "\r\n"));
              assertThat(raw.head()).startsWith("HTTP/1.1 403 ");
            }
          }
        });
  }

  @Test
  void pages_of_others_read_no_answer() throws Exception {
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          HttpClient curl = curl(server);
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

  // --- HTTP --------------------------------------------------------------------------------------

  @Test
  void forwarding_headers_of_strangers_are_not_believed() throws Exception {
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          for (String header :
              List.of(
                  "X-Forwarded-For: 192.0.2.1",
                  "Forwarded: for=192.0.2.1",
                  "X-Real-IP: 192.0.2.1")) {
            Response answer = curl(server).get("/status", header, "X-Forwarded-Proto: https");
            assertThat(answer.body()).contains("\"remoteAddress\":\"127.0.0.1\"");
            assertThat(answer.header("set-cookie").toString()).doesNotContain("Secure");
          }
        });
  }

  @Test
  void what_two_servers_may_read_differently_has_one_answer_and_it_is_no() throws Exception {
    String post = "POST /status HTTP/1.1\r\nHost: x\r\n";
    attack(
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
            HttpClient raw = curl(server);
            raw.text(request + "GET /status HTTP/1.1\r\nHost: x\r\n\r\n");
            assertThat(raw.response().status()).as(request).isIn(400, 501);
            seeTheEnd(raw);
          }
        });
  }

  @Test
  void bombs_of_head_line_and_body_are_refused_before_they_take_memory() throws Exception {
    String post = "POST /status HTTP/1.1\r\nHost: x\r\n";
    String many = "x".repeat(1 << 20);
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          long before = used();
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
              Client raw = curl(server);
              push(raw, bomb.getBytes(ISO_8859_1));
            }
            Client line = closing(Kind.LEAN_LINES.welcomed(server));
            push(line, (many + many).getBytes(ISO_8859_1));
            assertThat(line.reply()).contains("lines have at most 65536 bytes");
          }
          assertThat(used() - before).isLessThan(MUCH);
        });
  }

  @Test
  void who_drips_has_one_deadline() throws Exception {
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          List<WebSocketClient> slow = crowd(60, () -> WebSocketClient.raw(server.httpPort()));
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
                push(slow.get(3), (byte) 'x');
                return slow.get(0).read() < 0;
              });
          slow.forEach(AbuseTest::seeTheEnd);
        },
        "httpServer.requestTimeout=1s");
  }

  @Test
  void no_path_leads_out_of_the_public_folder(@TempDir Path folder) throws Exception {
    Path shown = Files.createDirectory(folder.resolve("public"));
    Files.writeString(folder.resolve("secret"), "the secret");
    Files.writeString(shown.resolve("page"), "a page");
    Files.createSymbolicLink(shown.resolve("link"), folder.resolve("secret"));
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          HttpClient curl = curl(server);
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
            Response response = curl(server).get("/public/" + way);
            assertThat(response.body()).as(way).doesNotContain("the secret");
            assertThat(response.status()).as(way).isIn(400, 404);
          }
          for (Kind kind : List.of(Kind.LEAN_LINES, Kind.LEAN_FRAMES)) {
            assertThat(
                    stranger(kind, server)
                        .ask("{\"action\":\"file\",\"params\":{\"fileName\":\"../secret\"}}"))
                .contains("error")
                .doesNotContain("the secret");
          }
        },
        "httpServer.publicFolder=" + shown);
  }

  // --- frames ------------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_FRAMES"})
  void a_frame_that_lies_about_its_length_ends_at_its_header(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          for (long length :
              new long[] {(64 << 10) + 1, 1L << 31, 1L << 32, 1L << 62, Long.MIN_VALUE, -1}) {
            for (WebSocketClient liar :
                crowd(10, () -> WebSocketClient.welcomed(server.httpPort()))) {
              liar.bytes(header(length));
              assertThat(liar.closeCode()).isEqualTo(1009);
            }
          }
        });
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_FRAMES"})
  void fragments_without_end_have_an_end(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          var small = new ByteArrayOutputStream();
          small.writeBytes(encode(0x01));
          for (int i = 0; i < FrameDecoder.MAX_FRAGMENTS + 1; i++) {
            small.writeBytes(encode(0x00));
          }
          var large = new ByteArrayOutputStream();
          large.writeBytes(encode(0x01));
          for (int i = 0; i < 9; i++) {
            large.writeBytes(encode(0x00, new byte[8 << 10]));
          }
          for (byte[] flood : List.of(small.toByteArray(), large.toByteArray())) {
            for (WebSocketClient one :
                crowd(20, () -> WebSocketClient.welcomed(server.httpPort()))) {
              one.bytes(flood);
              assertThat(one.closeCode()).isEqualTo(1009);
            }
          }
          long before = used();
          // What is begun and never ended is kept, and no more than a message of it.
          for (WebSocketClient one :
              crowd(100, () -> WebSocketClient.welcomed(server.httpPort()))) {
            one.frame(0x01, new byte[60 << 10]);
          }
          assertThat(used() - before).isLessThan(MUCH);
        });
  }

  @Test
  void nothing_is_inflated() throws Exception {
    var bomb = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bomb)) {
      gzip.write(new byte[32 << 20]);
    }
    attack(
        Kind.LEAN_FRAMES,
        server -> {
          var offers = closing(WebSocketClient.raw(server.httpPort()));
          offers.text(
              WebSocketClient.handshake("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n"));
          assertThat(offers.head()).contains(" 101 ").doesNotContain("xtensions");
          offers.frame(0xC1, bomb.toByteArray());
          assertThat(offers.closeCode()).isEqualTo(1002);
          for (int i = 0; i < 5; i++) {
            HttpClient curl = curl(server);
            curl.text(
                "POST /status HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                    + "Content-Encoding: gzip\r\nContent-Length: "
                    + bomb.size()
                    + "\r\n\r\n");
            curl.bytes(bomb.toByteArray());
            assertThat(curl.response().status()).isEqualTo(400);
          }
        });
  }

  // --- much --------------------------------------------------------------------------------------

  @OnBoth
  void json_that_is_deep_or_long_or_of_one_hash_is_answered(Kind kind) throws Exception {
    var collisions = new StringBuilder("{");
    for (int i = 0; i < 1 << 11; i++) {
      for (int bit = 0; bit < 11; bit++) {
        collisions.append(bit == 0 ? "\"" : "").append((i >> bit & 1) == 0 ? "Aa" : "BB");
      }
      collisions.append("\":1,");
    }
    String same = collisions.append("\"x\":1}").toString();
    attack(
        kind,
        server -> {
          Client stranger = stranger(kind, server);
          for (int i = 0; i < 20; i++) {
            for (String text :
                List.of(
                    "[".repeat(60_000),
                    "{\"a\":".repeat(10_000),
                    "{\"event\":\"say\",\"message\":" + "9".repeat(60_000) + "}",
                    "{\"event\":\"say\",\"message\":1e" + "9".repeat(2_000) + "}",
                    "{\"event\":\"say\","
                        + "\"message\":1,".repeat(4_000)
                        + "\"room\":\"nowhere\"}",
                    "{\"action\":\"fly\",\"params\":" + same + "}")) {
              assertThat(stranger.ask(text)).contains("\"error\":\"Error: ");
            }
            assertThat(
                    curl(server).post("/status", "application/json", "[".repeat(900_000)).status())
                .isEqualTo(400);
            assertThat(curl(server).post("/status", "application/json", same).status())
                .isEqualTo(200);
          }
        });
  }

  @OnBoth
  void who_never_reads_costs_no_more_than_the_bound(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          Client speaker = stranger(kind, server);
          List<Client> deaf = crowd(5, () -> kind.welcomed(server));
          List<String> ids = deaf.stream().map(Client::id).toList();
          deaf.forEach(Client::takeInLittle);
          String text = "x".repeat(30_000);
          for (int i = 0;
              ids.stream().anyMatch(id -> server.api().connection(id).isPresent());
              i++) {
            assertThat(i).isLessThan(5_000);
            assertThat(speaker.ask(say(text))).contains("OK");
          }
          // Nor does one who asks and never reads what is answered.
          Client asker = stranger(kind, server);
          asker.takeInLittle();
          Thread asking =
              Thread.startVirtualThread(
                  () -> {
                    for (int i = 0; i < 20_000; i++) {
                      String ask = "{\"event\":\"detailsView\"}";
                      push(
                          asker,
                          asker instanceof WebSocketClient
                              ? encode(TEXT, ask.getBytes(UTF_8))
                              : (ask + "\n").getBytes(UTF_8));
                    }
                  });
          asking.join(Duration.ofMillis(500));
          asker.reset();
          asking.join();
        });
  }

  @OnBoth
  void a_flood_of_connections_gives_all_back(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          for (int i = 0; i < 10; i++) {
            List<Client> crowd = IntStream.range(0, 150).mapToObj(_ -> kind.open(server)).toList();
            crowd.forEach(i % 2 == 0 ? Client::reset : Client::close);
            List<WebSocketClient> silent =
                IntStream.range(0, 50)
                    .mapToObj(_ -> WebSocketClient.raw(server.httpPort()))
                    .toList();
            silent.forEach(i % 2 == 0 ? Client::close : Client::reset);
          }
        });
  }

  private static final String ATTACKER = "127.0.0.2";

  @OnBoth
  void a_flood_of_connections_from_one_address_is_sent_away_and_others_come_in(Kind kind)
      throws Exception {
    attack(
        kind,
        server -> {
          List<Client> there = crowd(50, () -> (Client) TcpClient.from(ATTACKER, server.tcpPort()));
          there.forEach(one -> assertThat(one.next()).contains("welcome"));
          for (int i = 0; i < 20; i++) {
            List<Client> flood =
                IntStream.range(0, 100)
                    .mapToObj(
                        k ->
                            k % 2 == 0
                                ? TcpClient.from(ATTACKER, server.tcpPort())
                                : new HttpClient(server.httpPort(), ATTACKER))
                    .toList();
            for (Client one : flood) {
              if (one instanceof HttpClient web) {
                assertThat(web.response().status()).isEqualTo(429);
              } else {
                assertThat(one.rest().toString()).contains("too many connections from your");
              }
            }
            flood.forEach(i % 2 == 0 ? Client::close : Client::reset);
            Client other = closing(TcpClient.from("127.0.0.3", server.tcpPort()));
            assertThat(other.next()).contains("welcome");
          }
          assertThat(there.getFirst().ask("status")).contains("\"refused\":{\"connections\":2000,");
          closeAll();
          Await.until(
              "only the address of the innocents is kept", () -> server.limits().size() == 1);
        },
        "limits.connectionsPerAddress=50",
        "limits.exemptAddresses=");
  }

  @OnBoth
  void a_flood_of_messages_is_refused_and_each_is_answered(Kind kind) throws Exception {
    int count = 3_000;
    attack(
        kind,
        server -> {
          List<Client> flood = crowd(2, () -> kind.welcomed(server));
          List<Thread> sending =
              flood.stream()
                  .map(
                      one ->
                          Thread.startVirtualThread(
                              () -> IntStream.range(0, count).forEach(i -> one.send(say("" + i)))))
                  .toList();
          for (Client one : flood) {
            int taken = 0;
            for (int i = 0; i < count; i++) {
              String reply = one.reply();
              if (reply.contains("\"status\":\"OK\"")) {
                taken++;
              } else {
                assertThat(reply).contains("Error: too many messages; try again in ");
              }
            }
            assertThat(taken).isBetween(300, count - 1);
            assertThat(one.ask("{\"event\":\"quit\"}")).contains("Bye!");
          }
          for (Thread each : sending) {
            each.join();
          }
        },
        "limits.messagesPerSecond=1000",
        "limits.messageBurst=300");
  }

  @OnBoth
  void a_flood_of_bytes_is_slowed_down_and_nothing_is_lost(Kind kind) throws Exception {
    int count = 40;
    attack(
        kind,
        server -> {
          String text = say("x".repeat(30_000));
          List<Client> flood = crowd(4, () -> kind.welcomed(server));
          flood.forEach(one -> one.ask("{\"event\":\"roomChange\",\"room\":\"" + one.id() + "\"}"));
          List<Thread> sending =
              flood.stream()
                  .map(
                      one ->
                          Thread.startVirtualThread(
                              () -> IntStream.range(0, count).forEach(_ -> one.send(text))))
                  .toList();
          for (Client one : flood) {
            for (int i = 0; i < count; i++) {
              assertThat(one.reply()).contains("\"status\":\"OK\"");
            }
          }
          for (Thread each : sending) {
            each.join();
          }
          assertThat(flood.getFirst().ask("{\"action\":\"status\"}"))
              .containsPattern("\"bytes\":[1-9]");
        },
        "limits.bytesPerSecond=524288",
        "limits.bytesBurst=262144");
  }

  @OnBoth
  void a_flood_of_http_requests_is_refused_and_others_are_answered(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          var refused = new AtomicInteger();
          List<Thread> asking =
              crowd(20, () -> new HttpClient(server.httpPort(), ATTACKER)).stream()
                  .map(
                      one ->
                          Thread.startVirtualThread(
                              () -> {
                                for (int i = 0; i < 30; i++) {
                                  int status = one.get("/rooms/a").status();
                                  refused.addAndGet(status == 429 ? 1 : 0);
                                }
                              }))
                  .toList();
          HttpClient other = closing(new HttpClient(server.httpPort(), "127.0.0.3"));
          for (int i = 0; i < 50; i++) {
            assertThat(other.get("/rooms/a").status()).isEqualTo(200);
          }
          for (Thread each : asking) {
            each.join();
          }
          assertThat(refused.get()).isBetween(50, 540);
        },
        "limits.requestsPerSecond=30",
        "limits.exemptAddresses=");
  }

  @OnBoth
  void rooms_without_end_cost_nothing_when_they_are_empty(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          Client stranger = stranger(kind, server);
          for (int i = 0; i < 5_000; i++) {
            assertThat(stranger.ask("{\"event\":\"roomChange\",\"room\":\"" + i + "\"}"))
                .contains("OK");
          }
          String name = "n".repeat(257);
          for (String verb : List.of("roomChange", "roomAdd", "listenToRoom", "roomView")) {
            assertThat(stranger.ask("{\"event\":\"" + verb + "\",\"room\":\"" + name + "\"}"))
                .contains("error");
          }
          int listens = 0;
          while (stranger
              .ask("{\"event\":\"listenToRoom\",\"room\":\"l" + listens + "\"}")
              .contains("OK")) {
            assertThat(++listens).isLessThanOrEqualTo(100);
          }
          int rooms = 1;
          while (stranger
              .ask("{\"event\":\"roomAdd\",\"room\":\"r" + rooms + "\"}")
              .contains("OK")) {
            assertThat(++rooms).isLessThanOrEqualTo(100);
          }
        },
        "limits.emptyRooms=1000",
        "limits.messagesPerSecond=0");
  }

  @OnBoth
  void who_is_dead_is_found_out(Kind kind) throws Exception {
    attack(
        kind,
        server -> {
          crowd(30, () -> kind.welcomed(server));
          Await.until("only the innocents are left", () -> server.api().connections().size() <= 2);
        },
        "tcpServer.idleTimeout=1s",
        "webSockets.pingInterval=1s",
        "webSockets.idleTimeout=2s");
  }
}
