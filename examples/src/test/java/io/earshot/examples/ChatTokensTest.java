package io.earshot.examples;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.sun.net.httpserver.HttpServer;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.springframework.security.core.userdetails.User;

/** The controller of the page about logins, with a server that takes its tokens. */
final class ChatTokensTest {
  @Test
  void a_user_of_spring_security_gets_a_token_and_logs_in_with_it() throws Exception {
    var tokens = new ChatTokens(new RSAKeyGenerator(2048).keyID("app").generate());
    HttpServer app =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    app.createContext(
        "/jwks.json",
        exchange -> {
          byte[] keys = JSONObjectUtils.toJSONString(tokens.keys()).getBytes(UTF_8);
          exchange.sendResponseHeaders(200, keys.length);
          exchange.getResponseBody().write(keys);
          exchange.close();
        });
    app.start();
    try (EarshotServer server =
        EarshotServer.start(
            Config.defaults()
                .with("tcpServer.port", 0)
                .with("httpServer.port", 0)
                .with("users.required", true)
                .with("users.jwks", "http://localhost:" + app.getAddress().getPort() + "/jwks.json")
                .with("users.issuer", "my-app"))) {
      String token = tokens.token(User.withUsername("ada").password("lovelace").build());
      assertThat(TokenServerTest.lines(server, "login " + token))
          .anyMatch(line -> line.contains("\"user\":{\"id\":\"ada\"}"));
    } finally {
      app.stop(0);
    }
  }
}
