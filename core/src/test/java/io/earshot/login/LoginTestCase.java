package io.earshot.login;

import io.earshot.Config;
import io.earshot.Connection;
import io.earshot.Transport;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.spi.ConnectRequest;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.earshot.testing.TestServer.Lines;
import io.earshot.token.TokenKeys;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Tokens of logins, and clients that show them. */
abstract class LoginTestCase {
  static final String KEY = "k1 HS256 0123456789abcdef0123456789abcdef";

  /** What a client sends when it connects. */
  record Shown(
      @Nullable String loginToken,
      Map<String, List<String>> headers,
      Map<String, String> cookies,
      Map<String, List<String>> query)
      implements ConnectRequest {
    Shown(
        @Nullable String loginToken,
        Map<String, List<String>> headers,
        Map<String, String> cookies) {
      this(loginToken, headers, cookies, Map.of());
    }

    static Shown token(@Nullable String token) {
      return new Shown(token, Map.of(), Map.of());
    }
  }

  TestServer server = new TestServer(1, config());

  static Config config() {
    return TestServer.quiet().with("tokens.keys", List.of(KEY));
  }

  static String signed(Map<String, Object> claims) {
    return new TokenKeys(List.of(KEY), "").sign(claims);
  }

  /** A token that is valid for so many seconds. */
  String token(String id, long seconds, Map<String, Object> more) {
    var claims = new LinkedHashMap<String, Object>();
    claims.put("sub", id);
    claims.put("exp", server.now().plusSeconds(seconds).getEpochSecond());
    claims.putAll(more);
    return signed(claims);
  }

  String token(String id) {
    return token(id, 300, Map.of("name", id.toUpperCase(Locale.ROOT)));
  }

  Guest connect(ConnectRequest request) {
    return connect(server, Transport.TCP, request);
  }

  static Guest connect(TestServer server, Transport transport, ConnectRequest request) {
    Guest guest = server.new Guest(server.loops.getFirst(), Lines.ONE);
    guest.loop.run(
        () ->
            guest.intake =
                server.earshot.connect(
                    guest.loop,
                    guest,
                    guest.wire,
                    transport,
                    "defaultRoom",
                    Start.LIVE,
                    null,
                    request));
    server.settle();
    return guest;
  }

  static User user(Connection connection) {
    return Objects.requireNonNull(connection.user());
  }
}
