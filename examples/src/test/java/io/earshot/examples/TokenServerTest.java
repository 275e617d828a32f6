package io.earshot.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The application of the page about logins, with a server that takes its tokens. */
final class TokenServerTest {
  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void a_user_gets_a_token_for_a_password_and_chats_with_it() throws Exception {
    HttpServer app = TokenServer.start(0);
    String site = "http://localhost:" + app.getAddress().getPort();
    try (EarshotServer server =
        EarshotServer.start(
            Config.defaults()
                .with("tcpServer.port", 0)
                .with("httpServer.port", 0)
                .with("users.required", true)
                .with("users.jwks", site + "/jwks.json")
                .with("users.issuer", "my-app"))) {
      var login = HttpRequest.newBuilder(URI.create(site + "/login"));
      assertThat(send(login.POST(HttpRequest.BodyPublishers.ofString("ada wrong"))).statusCode())
          .isEqualTo(401);
      String token = send(login.POST(HttpRequest.BodyPublishers.ofString("ada lovelace"))).body();
      assertThat(lines(server, "login " + token))
          .anyMatch(line -> line.contains("\"user\":{\"id\":\"ada\",\"name\":\"Ada\"}"));
      assertThat(lines(server, "login " + token + "x"))
          .anyMatch(line -> line.contains("its signature is not by the key"));
      var room =
          HttpRequest.newBuilder(
              URI.create("http://localhost:" + server.httpPort() + "/rooms/attic/messages"));
      assertThat(send(room).statusCode()).isEqualTo(401);
      assertThat(send(room.header("authorization", "Bearer " + token)).statusCode()).isEqualTo(200);
    } finally {
      app.stop(0);
    }
  }

  /** What a client hears that sends one request and quits. */
  static List<String> lines(EarshotServer server, String request) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.tcpPort());
        var in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write((request + "\nquit\n").getBytes(StandardCharsets.UTF_8));
      return in.readAllLines();
    }
  }
}
