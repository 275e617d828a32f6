package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.ServerAndClients;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.testing.Await;
import io.earshot.token.TokenKeys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Users who are cut off and come back a thousand times, over all transports, to rooms with rules
 * and to their inboxes. Their tokens end and are renewed. None is refused, and each receives each
 * message once, in order.
 *
 * <p>The property {@code earshot.seed} chooses another run.
 */
final class ReconnectsTest {
  private static final int SEED = Integer.getInteger("earshot.seed", 1);
  private static final int RECONNECTS = 1_000;
  private static final String KEY = "k1 HS256 0123456789abcdef0123456789abcdef";
  static final String DEN = "den";

  /** How long a token lasts, in seconds. */
  static final int LIFE = 8;

  private static final TokenKeys KEYS = new TokenKeys(List.of(KEY), "");

  @RegisterExtension final ServerAndClients servers = new ServerAndClients();

  final Random random = new Random(SEED);

  /** How many messages were said in each room; their texts are their numbers. */
  private final Map<String, Integer> said = new TreeMap<>();

  private final List<ReturningClient> clients = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // the test opens it
  private HttpClient poster;

  int reconnects;
  int resumes;
  int returnsAfterExpiry;

  private static Config config() {
    return Config.defaults()
        .with("tokens.keys", List.of(KEY))
        .with("users.attributes", List.of("auth=auth"))
        .with("general.resumeWindow", "30s")
        .with("rooms.historyMessages", 2_000)
        .with("rooms.historyBytes", 500_000)
        .with(
            "rooms.rules",
            List.of(
                "den join=auth:true say=auth:true listen=auth:true",
                "ada.* join=user:ada say=user:ada listen=user:ada",
                "bob.* join=user:bob say=user:bob listen=user:bob"));
  }

  @Test
  void a_thousand_reconnects_of_users_are_neither_refused_nor_lose_or_double_a_message() {
    servers.start(Kind.LEAN_FRAMES, config());
    poster = servers.curl();
    for (String user : List.of("ada", "bob")) {
      List.of(DEN, user + ".1", "@" + user).forEach(room -> say(user, room));
      for (int i = 0; i < 2; i++) {
        clients.add(new ReturningClient.Talker(this, user, true));
        clients.add(new ReturningClient.Talker(this, user, false));
      }
      clients.add(new ReturningClient.Watcher(this, user));
      clients.add(new ReturningClient.Reader(this, user));
    }
    clients.forEach(ReturningClient::come);
    while (reconnects < RECONNECTS) {
      step();
    }
    Await.until("all may come back", () -> clients.stream().allMatch(ReturningClient::mayCome));
    clients.forEach(ReturningClient::come);
    assertThat(resumes).isPositive();
    assertThat(returnsAfterExpiry).isPositive();
  }

  private void step() {
    for (int i = random.nextInt(4); i > 0; i--) {
      String user = random.nextBoolean() ? "ada" : "bob";
      say(user, List.of(DEN, user + ".1", "@" + user).get(random.nextInt(3)));
    }
    clients.forEach(ReturningClient::renew);
    ReturningClient any = clients.get(random.nextInt(clients.size()));
    if (any.isHere && random.nextInt(3) > 0) {
      any.hear();
    }
    any.cut();
    if (random.nextInt(4) > 0 && any.mayCome()) {
      any.come();
    }
  }

  /** Says the next number, in the name of a user who may. */
  private void say(String user, String room) {
    String number = String.valueOf(said.merge(room, 1, Integer::sum));
    if (room.startsWith("@")) {
      var shop = new StandIn(room, Json.of("shop"), null);
      servers.server().api().chatRoom().socketRoomBroadcast(shop, number);
    } else {
      poster.sendRequest(
          "POST",
          "/rooms/" + room + "/messages",
          "{\"message\":\"" + number + "\"}",
          "Content-Type: application/json",
          bearer(token(user, LIFE)));
      assertThat(poster.response().status()).isEqualTo(201);
    }
  }

  /** The number of the last message of a room. */
  int said(String room) {
    return said.getOrDefault(room, 0);
  }

  int tcpPort() {
    return servers.server().tcpPort();
  }

  int httpPort() {
    return servers.server().httpPort();
  }

  static String token(String user, int seconds) {
    long end = System.currentTimeMillis() / 1000 + seconds;
    return KEYS.sign(Map.of("sub", user, "auth", "true", "exp", end));
  }

  static String bearer(String token) {
    return "Authorization: Bearer " + token;
  }

  // --- JSON ------------------------------------------------------------------------------------

  static Json.Obj parsed(@Nullable String json) {
    try {
      return (Json.Obj) Json.parse(Objects.requireNonNull(json, "the connection has ended"));
    } catch (MalformedJsonException e) {
      throw new AssertionError(json, e);
    }
  }

  static String encoded(Object value) {
    return new String(Json.from(value).encode(), StandardCharsets.UTF_8);
  }

  static String text(Json.Obj fields, String name) {
    Json value = fields.get(name);
    return value == null ? "" : String.valueOf(value.asText());
  }

  static String cursor(Json.Obj fields) {
    return text(fields, "epoch") + ":" + text(fields, "offset");
  }
}
