package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.NodeProgram;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Pages behind the proxies of {@code docs/proxies}, with the configurations that stand there. */
final class ProxyTest {
  private static final Path DOCS = Path.of(System.getProperty("earshot.root"), "docs", "proxies");
  private static final String SITE = "chat.example.org";
  private static final Pattern OPTION = Pattern.compile("--(set|bind) (\\S+)");

  @RegisterExtension final ServerAndClients web = new ServerAndClients();
  @TempDir Path folder;
  private final List<Process> proxies = new ArrayList<>();

  @AfterEach
  void stop() throws InterruptedException {
    for (Process proxy : proxies) {
      proxy.destroy();
      if (!proxy.waitFor(5, TimeUnit.SECONDS)) {
        proxy.destroyForcibly();
      }
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void run(int port, String... command) throws IOException {
    Path log = folder.resolve("proxy.log");
    proxies.add(
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start());
    Await.until(
        command[0] + " to listen",
        () -> {
          assertThat(proxies.getLast().isAlive()).as(() -> text(log)).isTrue();
          try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
          } catch (IOException e) {
            return false;
          }
        });
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private void start(String... settings) {
    web.start(Kind.LEAN_FRAMES, Config.defaults().with("httpServer.bindIP", "127.0.0.1"), settings);
  }

  /** Starts the server with the options that the first lines of a configuration name. */
  private void startBehind(String proxy) throws IOException {
    String options =
        text(DOCS.resolve(proxy))
            .lines()
            .takeWhile(line -> line.startsWith("#"))
            .collect(Collectors.joining("\n"));
    List<MatchResult> all = OPTION.matcher(options).results().toList();
    assertThat(all).hasSize(3);
    start(
        all.stream()
            .flatMap(
                each ->
                    each.group(1).equals("set")
                        ? Stream.of(each.group(2))
                        : Stream.of("httpServer.bindIP=", "tcpServer.bindIP=")
                            .map(setting -> setting + each.group(2)))
            .toArray(String[]::new));
  }

  /** Runs nginx with server blocks, and returns when the port listens. */
  private void nginx(int port, String blocks) throws IOException {
    String nginx = NodeProgram.find("nginx").orElse("/usr/sbin/nginx");
    assumeTrue(Files.isExecutable(Path.of(nginx)), "needs nginx");
    StringBuilder temporary = new StringBuilder();
    for (String each : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
      temporary.append(each).append("_temp_path ").append(folder.resolve(each)).append(";\n");
    }
    Path file = folder.resolve("nginx.conf");
    Files.writeString(
        file,
        "daemon off;\nmaster_process off;\npid "
            + folder.resolve("pid")
            + ";\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
            + temporary
            + blocks
            + "\n}\n");
    run(port, nginx, "-p", folder.toString(), "-e", "stderr", "-c", file.toString());
  }

  private static String block(int port, int upstream, String more) {
    return "server { listen 127.0.0.1:"
        + port
        + "; location / { proxy_pass http://127.0.0.1:"
        + upstream
        + "; "
        + more
        + " } }\n";
  }

  /** Posts a message as a page does, and returns the status. */
  private int post(int port, String host, String origin, String... headers) {
    HttpClient page = web.opened(new HttpClient(port, false));
    page.text(
        "POST /rooms/attic/messages HTTP/1.1\r\nHost: "
            + host
            + "\r\nOrigin: "
            + origin
            + "\r\n"
            + String.join("", headers)
            + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi");
    return page.response().status();
  }

  /**
   * Everything that a page does: it speaks, hears, and opens a WebSocket. A page of another origin
   * or of another domain does not.
   */
  private void pagesSpeakAndHear(int port) {
    String host = SITE + ":" + port;
    String origin = "http://" + host;
    var stream = web.opened(new StreamClient(port, null));
    stream.text(
        "GET /rooms/attic HTTP/1.0\r\nHost: " + host + "\r\nAccept: text/event-stream\r\n\r\n");
    assertThat(stream.head()).contains(" 200 ");
    assertThat(String.valueOf(stream.next())).contains("welcome");
    assertThat(post(port, host, origin)).isEqualTo(201);
    assertThat(stream.heard()).contains("\"hi\"");
    var socket = web.opened(WebSocketClient.raw(port));
    String handshake = WebSocketClient.handshake("/rooms/attic").replace("localhost", host);
    socket.text(handshake.replace("Upgrade: ", "Origin: " + origin + "\r\nUpgrade: "));
    assertThat(socket.head()).contains(" 101 ");
    assertThat(socket.reply()).contains("welcome");
    assertThat(socket.ask("{\"event\":\"say\",\"message\":\"from a socket\"}")).contains("OK");
    while (!stream.heard().contains("from a socket")) {
      // the announcement that the socket's client has joined
    }
    assertThat(post(port, host, "http://evil.example")).isEqualTo(403);
    assertThat(post(port, host, "http://" + SITE + ":3000")).isEqualTo(403);
    // A page whose domain was pointed at the proxy (DNS rebinding).
    String other = "rebound.example:" + port;
    assertThat(post(port, other, "http://" + other)).isEqualTo(403);
  }

  @Test
  void pages_behind_nginx_speak_and_hear() throws Exception {
    startBehind("nginx.conf");
    int port = freePort();
    nginx(
        port,
        Files.readString(DOCS.resolve("nginx.conf"))
            .replace("listen 80;", "listen 127.0.0.1:" + port + ";")
            .replace("127.0.0.1:8080", "127.0.0.1:" + web.server().httpPort()));
    pagesSpeakAndHear(port);
  }

  @Test
  void pages_behind_haproxy_speak_and_hear() throws Exception {
    String haproxy = NodeProgram.find("haproxy").orElse("/usr/sbin/haproxy");
    assumeTrue(Files.isExecutable(Path.of(haproxy)), "needs haproxy");
    startBehind("haproxy.cfg");
    int port = freePort();
    int lines = freePort();
    Path file = folder.resolve("haproxy.cfg");
    Files.writeString(
        file,
        Files.readString(DOCS.resolve("haproxy.cfg"))
            .replace("bind :80", "bind 127.0.0.1:" + port)
            .replace("bind :5001", "bind 127.0.0.1:" + lines)
            .replace("127.0.0.1:8080", "127.0.0.1:" + web.server().httpPort())
            .replace("127.0.0.1:5000", "127.0.0.1:" + web.server().tcpPort()));
    run(port, haproxy, "-db", "-f", file.toString());
    pagesSpeakAndHear(port);
    assertThat(web.opened(TcpClient.welcomed(lines)).ask("roomView")).contains("OK");
  }

  @Test
  void pages_behind_caddy_speak_and_hear() throws Exception {
    String caddy = NodeProgram.find("caddy").orElse("/usr/bin/caddy");
    assumeTrue(Files.isExecutable(Path.of(caddy)), "needs caddy");
    startBehind("Caddyfile");
    int port = freePort();
    Path file = folder.resolve("Caddyfile");
    Files.writeString(
        file,
        // Without a name, so that Caddy needs no certificate and forwards other hosts, too.
        "{\n\tadmin off\n}\n"
            + Files.readString(DOCS.resolve("Caddyfile"))
                .replace("chat.example.org {", "http://:" + port + " {\n\tbind 127.0.0.1")
                .replace("127.0.0.1:8080", "127.0.0.1:" + web.server().httpPort()));
    String home = folder.resolve("caddy").toString();
    run(
        port,
        "env",
        "XDG_CONFIG_HOME=" + home,
        "XDG_DATA_HOME=" + home,
        caddy,
        "run",
        "--config",
        file.toString(),
        "--adapter",
        "caddyfile");
    pagesSpeakAndHear(port);
  }

  @Test
  void pages_behind_an_nginx_that_hides_the_host_speak_if_the_host_is_named() throws Exception {
    start("httpServer.hosts=" + SITE);
    int upstream = web.server().httpPort();
    List<Integer> ports = List.of(freePort(), freePort(), freePort());
    nginx(
        ports.getLast(),
        // The snippet of nginx's own documentation: Host is that of proxy_pass.
        block(ports.get(0), upstream, "")
            + block(ports.get(1), upstream, "proxy_set_header Host $host;")
            + block(ports.get(2), upstream, "proxy_set_header Host $host:443;"));
    for (int port : ports) {
      String host = SITE + ":" + port;
      assertThat(post(port, host, "http://evil.example")).isEqualTo(403);
      // Browsers send this to https and localhost.
      assertThat(post(port, host, "http://x.example", "Sec-Fetch-Site: cross-site\r\n"))
          .isEqualTo(403);
    }
    assertThat(post(ports.get(0), SITE, "https://" + SITE)).isEqualTo(201);
    assertThat(post(ports.get(0), SITE, "http://" + SITE + ":" + ports.get(0))).isEqualTo(201);
    assertThat(post(ports.get(1), SITE, "https://" + SITE)).isEqualTo(201);
    assertThat(post(ports.get(1), SITE, "http://" + SITE + ":" + ports.get(1))).isEqualTo(201);
    assertThat(post(ports.get(2), SITE, "https://" + SITE)).isEqualTo(201);
    String local = "http://localhost:" + ports.get(0);
    assertThat(post(ports.get(0), "localhost", local)).isEqualTo(403);
    assertThat(post(ports.get(0), "localhost", local, "Sec-Fetch-Site: same-origin\r\n"))
        .isEqualTo(201);
  }
}
