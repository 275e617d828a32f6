package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The limits of one address, over real sockets. */
final class LimitsTest {
  private static final String TOO_MANY = "there are too many connections from your address";

  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  private <T extends AutoCloseable> T closing(T some) {
    open.push(some);
    return some;
  }

  @AfterEach
  void closeAll() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  private EarshotServer server(Kind kind, Object... settings) {
    Config config = Config.defaults().with("limits.exemptAddresses", "");
    for (int i = 0; i < settings.length; i += 2) {
      config = config.with((String) settings[i], settings[i + 1]);
    }
    return closing(kind.start(config));
  }

  private static void awaitNobody(EarshotServer server) {
    Await.until("no address is kept", () -> server.limits().size() == 0);
  }

  /** Retries until a client is accepted: the server notices a moment later that one has left. */
  private static Client awaitRoom(Supplier<Client> comes) {
    var in = new ArrayList<Client>();
    Await.until(
        "there is room",
        () -> {
          try {
            in.add(comes.get());
          } catch (AssertionError | RuntimeException e) {
            return false;
          }
          return true;
        });
    return in.getFirst();
  }

  @ParameterizedTest
  @EnumSource
  void a_client_that_leaves_makes_room_for_another_and_nothing_is_left(Kind kind) {
    EarshotServer server =
        server(kind, "limits.connectionsPerAddress", 5, "limits.requestsPerSecond", 0);
    for (int i = 0; i < 10; i++) {
      var there = new ArrayList<Client>();
      for (int k = 0; k < 5; k++) {
        there.add(closing(awaitRoom(() -> kind.welcomed(server))));
      }
      if (kind.isPlain() && kind.isLines()) {
        assertThat(new TcpClient(server.tcpPort()).rest().toString()).contains(TOO_MANY);
      } else if (kind.isPlain()) {
        assertThat(new HttpClient(server.httpPort(), false).response().status()).isEqualTo(429);
      }
      there.forEach(i % 2 == 0 ? Client::reset : Client::close);
    }
    awaitNobody(server);
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_LINES", "NIO_LINES", "EPOLL_FRAMES"})
  void one_client_too_many_is_told_so_over_tcp_and_http(Kind kind) {
    EarshotServer server = server(kind, "limits.connectionsPerAddress", 1);
    TcpClient first = closing(TcpClient.welcomed(server.tcpPort()));
    for (int i = 0; i < 3; i++) {
      TcpClient line = closing(new TcpClient(server.tcpPort()));
      line.text("say hello\r\n");
      assertThat(line.rest())
          .containsExactly("{\"context\":\"response\",\"error\":\"Error: " + TOO_MANY + "\"}");
      HttpClient web = closing(new HttpClient(server.httpPort(), false));
      Response refused = web.get("/status");
      assertThat(refused.status()).isEqualTo(429);
      assertThat(refused.header("content-type")).containsExactly("application/problem+json");
      assertThat(refused.header("connection")).containsExactly("close");
      assertThat(refused.header("retry-after")).containsExactly("1");
      assertThat(refused.body()).contains("\"status\":429,\"detail\":\"" + TOO_MANY + "\"");
      assertThat(web.read()).isEqualTo(-1);
    }
    assertThat(first.ask("status")).contains("\"refused\":{\"connections\":6,");
    TcpClient elsewhere = closing(TcpClient.from("127.0.0.2", server.tcpPort()));
    assertThat(elsewhere.reply()).contains("welcome");
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_FRAMES"})
  void a_client_behind_a_trusted_proxy_counts_by_its_own_address(Kind kind) {
    EarshotServer server =
        server(
            kind,
            "limits.connectionsPerAddress",
            2,
            "limits.requestsPerSecond",
            0,
            "httpServer.trustedProxies",
            "127.0.0.1");
    String ada = "X-Forwarded-For: 203.0.113.7";
    String bob = "X-Forwarded-For: 203.0.113.8";
    WebSocketClient socket = closing(WebSocketClient.raw(server.httpPort()));
    socket.text(WebSocketClient.handshake("/", ada + "\r\n"));
    assertThat(socket.head()).contains(" 101 ");
    assertThat(socket.next()).contains("welcome");
    assertThat(server.api().connection(socket.id()).orElseThrow().remoteAddress().toString())
        .contains("203.0.113.7");
    StreamClient stream =
        closing(StreamClient.open(server.httpPort(), "/rooms/a", StreamClient.EVENTS, ada));
    for (String accept : List.of(StreamClient.EVENTS, StreamClient.LINES)) {
      HttpClient more = closing(new HttpClient(server.httpPort(), false));
      Response refused = more.get("/rooms/a", accept, ada);
      assertThat(refused.status()).isEqualTo(429);
      assertThat(refused.body()).contains(TOO_MANY);
    }
    WebSocketClient more = closing(WebSocketClient.raw(server.httpPort()));
    more.text(WebSocketClient.handshake("/ws", ada + "\r\n"));
    assertThat(more.head()).contains(" 429 ");
    // A request that is answered does not count, and neither does another client.
    HttpClient curl = closing(new HttpClient(server.httpPort(), false));
    assertThat(curl.get("/status", ada).status()).isEqualTo(200);
    closing(StreamClient.open(server.httpPort(), "/rooms/a", StreamClient.EVENTS, bob));
    stream.close();
    awaitRoom(
        () -> closing(StreamClient.open(server.httpPort(), "/rooms/a", StreamClient.EVENTS, ada)));
    while (open.size() > 1) {
      try {
        open.pop().close();
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    }
    awaitNobody(server);
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_FRAMES"})
  void requests_above_the_rate_limit_are_answered_with_429_and_when_to_retry(Kind kind) {
    EarshotServer server = server(kind, "limits.requestsPerSecond", 1);
    HttpClient curl = closing(new HttpClient(server.httpPort(), false));
    assertThat(curl.get("/status").status()).isEqualTo(200);
    var refused = new AtomicReference<Response>();
    Await.until(
        "one is refused",
        () -> {
          refused.set(curl.get("/status"));
          return refused.get().status() == 429;
        });
    assertThat(refused.get().header("retry-after")).containsExactly("1");
    assertThat(refused.get().body()).contains("too many requests from your address");
    Await.until("one is taken again", () -> curl.get("/status").status() == 200);
    WebSocketClient socket = closing(WebSocketClient.raw(server.httpPort()));
    Await.until("one is refused again", () -> curl.get("/status").status() == 429);
    socket.text(WebSocketClient.handshake("/"));
    assertThat(socket.head()).contains(" 429 ");
    HttpClient elsewhere = closing(new HttpClient(server.httpPort(), "127.0.0.2"));
    assertThat(elsewhere.get("/status").body()).containsPattern("\"httpRequests\":[1-9]");
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "NIO_LINES"})
  void refusals_are_counted_by_kind(Kind kind) {
    EarshotServer server =
        server(
            kind,
            "tcpServer.maxLineLength",
            64,
            "tcpServer.idleTimeout",
            "1s",
            "httpServer.maxHeaderLength",
            1024,
            "httpServer.maxBodyLength",
            64,
            "httpServer.requestTimeout",
            "1s",
            "webSockets.maxMessageLength",
            64,
            "limits.waitingPolls",
            0);
    TcpClient line = closing(TcpClient.welcomed(server.tcpPort()));
    assertThat(line.ask("x".repeat(65))).contains("lines have at most 64 bytes");
    WebSocketClient frame = closing(WebSocketClient.welcomed(server.httpPort()));
    frame.send("x".repeat(65));
    assertThat(frame.closeCode()).isEqualTo(1009);
    List.of("/" + "x".repeat(9_000), "/status").forEach(path -> head(server, path));
    assertThat(
            closing(new HttpClient(server.httpPort(), false))
                .post("/status", "text/plain", "x".repeat(65))
                .status())
        .isEqualTo(413);
    assertThat(
            closing(new HttpClient(server.httpPort(), false))
                .get("/rooms/a/messages?wait=1000")
                .status())
        .isEqualTo(503);
    WebSocketClient silent = closing(WebSocketClient.raw(server.httpPort()));
    silent.text("GET / HT");
    assertThat(silent.read()).isEqualTo(-1);
    assertThat(line.rest().toString()).contains("idle for too long");
    assertThat(closing(new HttpClient(server.httpPort(), false)).get("/status").body())
        .containsPattern("\"deadlines\":[1-9]")
        .containsPattern("\"idle\":[1-9]")
        .contains("\"lines\":1,\"frames\":1,", "\"headers\":2,\"bodies\":1,", "\"polls\":1}");
  }

  private void head(EarshotServer server, String path) {
    HttpClient curl = closing(new HttpClient(server.httpPort(), false));
    assertThat(curl.get(path, "X: " + "x".repeat(2_000)).status()).isIn(414, 431);
  }

  @Test
  void loopback_has_no_limit_unless_the_setting_says_so() {
    EarshotServer server =
        closing(
            Kind.LEAN_LINES.start(
                Config.defaults()
                    .with("limits.connectionsPerAddress", 1)
                    .with("limits.requestsPerSecond", 1)));
    for (int i = 0; i < 5; i++) {
      closing(TcpClient.welcomed(server.tcpPort()));
      assertThat(closing(new HttpClient(server.httpPort(), false)).get("/status").status())
          .isEqualTo(200);
    }
    assertThat(server.limits().size()).isZero();
  }
}
