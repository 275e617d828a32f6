package io.earshot.client;

import io.earshot.StandIn;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.token.TokenKeys;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;

/** Tests with a server that knows the key of the tokens for logins. */
abstract class LoginTestCase extends ClientTest {
  private static final String KEY = "k1 HS256 0123456789abcdef0123456789abcdef";

  /** A room for ada alone. */
  static final String RULE = "rooms.rules=ada.* join=user:ada say=user:ada listen=user:ada";

  @BeforeEach
  void startWithKeys() {
    start();
  }

  void start(String... settings) {
    server.close();
    var all = new ArrayList<>(List.of(settings));
    all.add("tokens.keys=" + KEY);
    server = started(all.toArray(String[]::new));
  }

  static String token(String user, Duration valid) {
    long end = System.currentTimeMillis() / 1000 + valid.toSeconds();
    return new TokenKeys(List.of(KEY), "")
        .sign(
            Map.of(
                "sub",
                user,
                "name",
                user.toUpperCase(Locale.ROOT),
                "info",
                Map.of("avatar", user + ".png"),
                "exp",
                end));
  }

  static String token(String user) {
    return token(user, Duration.ofHours(1));
  }

  static User user(String id) {
    return User.of(id, id.toUpperCase(Locale.ROOT), Map.of("avatar", Json.of(id + ".png")));
  }

  EarshotClient loggedIn(String user) {
    return connected(EarshotClient.builder(uri(port())).login(token(user)));
  }

  ClientBuilder ofProxy() throws Exception {
    return EarshotClient.builder(uri(proxy().port()));
  }

  void cutAndRestore(EarshotClient client) throws Exception {
    proxy().cut();
    await(client, State.RECONNECTING);
    proxy().restore();
    await(client, State.OPEN);
  }

  void tell(String room, String message) {
    server
        .api()
        .chatRoom()
        .socketRoomBroadcast(new StandIn(room, Json.of("shop"), null), message)
        .toCompletableFuture()
        .join();
  }
}
