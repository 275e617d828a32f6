package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.testing.Await;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Servers that start while Redis does not answer, or does not run. */
@Timeout(60)
final class LateRedisTest {
  private static final Pattern SESSION = Pattern.compile("\"session\":\"([^\"]+)\"");

  @RegisterExtension final ServersOnRedis servers = new ServersOnRedis();

  private EarshotServer start() {
    return servers.start(
        "redis.lease=2s",
        "redis.timeout=1s",
        "general.resumeWindow=60s",
        "commonWeb.httpClientMessageTTL=60s");
  }

  private HttpClient browser(EarshotServer server) {
    return servers.opened(new HttpClient(server.httpPort(), true));
  }

  /** The id of a client; its cookie is that of a first request, or stays as it is. */
  private static String id(HttpClient browser) {
    return browser.get("/chat?method=detailsView").id();
  }

  /** Whether a server knows the cookie that another server has made. */
  private boolean knows(EarshotServer server, HttpClient browser) {
    HttpClient moved = browser(server);
    moved.setCookie("sessionID", browser.cookie("sessionID"));
    return moved.get("/chat?method=detailsView").header("set-cookie").isEmpty();
  }

  /** The token of a session whose client is lost. */
  private static String session(EarshotServer server) {
    try (var client = new TcpClient(server.tcpPort())) {
      Matcher session = SESSION.matcher(client.reply());
      assertThat(session.find()).isTrue();
      return session.group(1);
    }
  }

  private static String resume(EarshotServer server, String session) {
    try (var client = TcpClient.welcomed(server.tcpPort())) {
      return client.ask("resume " + session);
    }
  }

  private static void awaitHandover(EarshotServer from, EarshotServer to) {
    Await.until(
        "a session is resumed", () -> resume(to, session(from)).contains("\"status\":\"OK\""));
  }

  @Test
  void cookies_and_sessions_of_before_stay_valid_and_later_ones_are_those_of_the_cluster()
      throws Exception {
    EarshotServer first = start(); // its secret is that of the cluster
    Await.until("ready", () -> browser(first).get("/readyz").status() == 200);
    servers.redis.pause();
    EarshotServer late = start();
    assertThat(browser(late).get("/readyz").body())
        .isEqualTo("{\"ready\":false,\"reasons\":[\"Redis was not reached since the start\"]}");
    assertThat(browser(late).get("/livez").status()).isEqualTo(200);
    // It was ready before, and Redis may be back in a moment.
    assertThat(browser(first).get("/readyz").status()).isEqualTo(200);
    HttpClient early = browser(late);
    String id = id(early);
    String cookie = early.cookie("sessionID");
    String session = session(late);
    assertThat(knows(first, early)).isFalse();
    servers.redis.unpause();
    Await.until(
        "both have one secret",
        () -> {
          HttpClient fresh = browser(late);
          return !id(fresh).isEmpty() && knows(first, fresh);
        });
    assertThat(browser(late).get("/readyz").status()).isEqualTo(200);
    assertThat(id(early)).isEqualTo(id);
    assertThat(early.cookie("sessionID")).isEqualTo(cookie);
    assertThat(resume(late, session)).contains("\"status\":\"OK\"");
    // The servers hear of each other with their leases.
    awaitHandover(late, first);
    awaitHandover(first, late);
  }
}
