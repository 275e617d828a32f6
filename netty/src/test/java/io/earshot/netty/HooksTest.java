package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Hooks;
import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.StreamClient;
import io.earshot.netty.testing.TcpClient;
import io.earshot.netty.testing.UnaffectedClients;
import io.earshot.testing.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Hooks on each transport, over real sockets. */
final class HooksTest {
  private final Queue<String> told = new ConcurrentLinkedQueue<>();

  private static Config quiet() {
    return Config.defaults().with("rooms.announcements", false).with("hooks.timeout", "10s");
  }

  private static String say(String text) {
    return "{\"event\":\"say\",\"message\":\"" + text + "\"}";
  }

  private static String change(String room) {
    return "{\"event\":\"roomChange\",\"room\":\"" + room + "\"}";
  }

  private static void closeClub(Hooks hooks) {
    hooks.onJoin(
        "club*",
        _ -> {
          throw new RefusedException("members only");
        });
  }

  private void noteWhoComesAndGoes(Hooks hooks) {
    hooks.onJoined("*", one -> told.add("+" + one.room()));
    hooks.onLeave("*", one -> told.add("-" + one.room()));
  }

  private void awaitTold(String... lines) {
    Await.until("told: " + List.of(lines), () -> told.size() >= lines.length);
    assertThat(told).containsExactly(lines);
    told.clear();
  }

  // --- every door ------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(names = {"LEAN_LINES", "LEAN_FRAMES", "NIO_LINES", "EPOLL_TLS_FRAMES"})
  void hooks_refuse_change_and_notice_requests_by_lines_and_frames(Kind kind) {
    try (EarshotServer server = kind.start(quiet());
        Client hearer = kind.welcomed(server)) {
      Hooks hooks = server.api().hooks();
      closeClub(hooks);
      noteWhoComesAndGoes(hooks);
      hooks.onSay("*", say -> say.message().asText() + "!");
      hooks.onSay(
          "*",
          say -> {
            if (String.valueOf(say.message().asText()).contains("rude")) {
              throw new RefusedException("be nice");
            }
            return say.message();
          });
      try (Client client = kind.welcomed(server)) {
        assertThat(client.ask(change("club1"))).contains("\"error\":\"Error: members only\"");
        assertThat(client.ask(say("rude words"))).contains("\"error\":\"Error: be nice\"");
        assertThat(client.ask(say("hello"))).contains("OK");
        assertThat(hearer.heard()).contains("\"message\":\"hello!\"");
        client.reset(); // as a crash does
      }
      awaitTold("+defaultRoom", "-defaultRoom");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_LINES", "LEAN_FRAMES"})
  void a_client_that_may_not_connect_is_told_why_on_each_transport(Kind kind) {
    try (EarshotServer server = kind.start(quiet())) {
      noteWhoComesAndGoes(server.api().hooks());
      server
          .api()
          .hooks()
          .onConnect(
              connection -> {
                if (connection.transport() != Transport.STREAM) {
                  throw new RefusedException("not you");
                }
              });
      try (Client client = kind.open(server)) {
        assertThat(client.rest()).last().asString().contains("Error: not you");
      }
      assertThat(server.api().connections()).isEmpty();
      assertThat(told).isEmpty();
    }
  }

  @Test
  void streams_and_room_sockets_are_refused_by_join_hooks() {
    try (EarshotServer server = Kind.LEAN_FRAMES.start(quiet())) {
      closeClub(server.api().hooks());
      noteWhoComesAndGoes(server.api().hooks());
      try (var stream = StreamClient.open(server.httpPort(), "/rooms/club", StreamClient.EVENTS)) {
        assertThat(stream.rest().toString()).contains("Error: members only");
      }
      try (var lines = StreamClient.open(server.httpPort(), "/rooms/club", StreamClient.LINES)) {
        assertThat(lines.rest().toString()).contains("Error: members only");
      }
      assertThat(told).isEmpty();
      try (var stream = StreamClient.open(server.httpPort(), "/rooms/pub", StreamClient.EVENTS)) {
        assertThat(stream.next()).contains("welcome");
      }
      awaitTold("+pub", "-pub");
      Await.until("nobody is left", () -> server.api().connections().isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "60s"})
  void the_chat_action_is_refused_and_changed_with_and_without_a_queue(String ttl) {
    Config config = quiet().with("commonWeb.httpClientMessageTTL", ttl);
    try (EarshotServer server = Kind.LEAN_LINES.start(config);
        var hearer = TcpClient.welcomed(server.tcpPort());
        var web = new HttpClient(server.httpPort(), true)) {
      Hooks hooks = server.api().hooks();
      closeClub(hooks);
      noteWhoComesAndGoes(hooks);
      hooks.onConnect(connection -> told.add("connect " + connection.transport()));
      hooks.onSay(
          "*",
          say -> {
            if ("rude".equals(say.message().asText())) {
              throw new RefusedException("be nice");
            }
            return List.of(say.message(), say.room());
          });
      assertThat(web.get("/chat?method=say&message=hello").body()).doesNotContain("error");
      assertThat(hearer.heard()).contains("\"message\":[\"hello\",\"defaultRoom\"]");
      assertThat(web.get("/chat?method=say&message=rude").body()).contains("Error: be nice");
      assertThat(web.get("/chat?method=roomChange&room=club7").body())
          .contains("Error: members only");
      assertThat(web.get("/chat?method=roomChange&room=pub").body()).contains("\"room\":\"pub\"");
      if (ttl.equals("null")) {
        assertThat(told).isEmpty(); // it is a member of no room
      } else {
        awaitTold("connect WEB", "+defaultRoom", "-defaultRoom", "+pub");
        server.api().connections().stream()
            .filter(one -> one.transport() == Transport.WEB)
            .forEach(one -> one.close("out"));
        awaitTold("-pub");
      }
    }
  }

  @Test
  void http_clients_with_a_queue_may_be_refused_when_they_connect() {
    Config config = quiet().with("commonWeb.httpClientMessageTTL", "60s");
    try (EarshotServer server = Kind.LEAN_LINES.start(config);
        var web = new HttpClient(server.httpPort(), true)) {
      noteWhoComesAndGoes(server.api().hooks());
      Hooks.Registration closed =
          server
              .api()
              .hooks()
              .onConnect(
                  _ -> {
                    throw new RefusedException("closed");
                  });
      assertThat(web.get("/chat?method=messages").body()).contains("Error: closed");
      assertThat(web.get("/chat?method=say&message=x").body()).contains("Error: closed");
      assertThat(server.api().connections()).isEmpty();
      assertThat(told).isEmpty(); // nobody left who had not come
      closed.close();
      assertThat(web.get("/chat?method=messages").body()).contains("\"message\":null");
    }
  }

  @Test
  void hooks_refuse_and_change_posts_to_a_room() {
    try (EarshotServer server = Kind.LEAN_LINES.start(quiet());
        var hearer = TcpClient.welcomed(server.tcpPort());
        var web = new HttpClient(server.httpPort(), false)) {
      server.api().hooks().onSay("defaultRoom", say -> say.message().asText() + "!");
      server
          .api()
          .hooks()
          .onSay(
              "club",
              _ -> {
                throw new RefusedException("members only");
              });
      var posted = web.post("/rooms/defaultRoom/messages", "text/plain", "hello");
      assertThat(posted.status()).isEqualTo(201);
      assertThat(hearer.heard()).contains("\"message\":\"hello!\"");
      var refused = web.post("/rooms/club/messages", "text/plain", "hello");
      assertThat(refused.status()).isEqualTo(403);
      assertThat(refused.body()).contains("Error: members only");
    }
  }

  // --- order, and others -----------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(names = {"LEAN_LINES", "EPOLL_FRAMES"})
  void hooks_see_messages_in_the_order_in_which_they_were_sent(Kind kind) {
    int count = 200;
    try (EarshotServer server = kind.start(quiet());
        Client hearer = kind.welcomed(server);
        Client one = kind.welcomed(server);
        Client two = kind.welcomed(server)) {
      server
          .api()
          .hooks()
          .onSay(
              "*",
              say -> {
                LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(500_000));
                return say.message();
              });
      for (int i = 0; i < count; i++) {
        one.send(say("one " + i));
        two.send(say("two " + i));
      }
      var heard = new ArrayList<String>();
      for (int i = 0; i < 2 * count; i++) {
        heard.add(hearer.heard().replaceAll(".*\"message\":\"([^\"]*)\".*", "$1"));
      }
      for (String who : List.of("one ", "two ")) {
        assertThat(heard.stream().filter(text -> text.startsWith(who)).toList())
            .isEqualTo(IntStream.range(0, count).mapToObj(i -> who + i).toList());
      }
      for (int i = 1; i <= count; i++) {
        assertThat(one.reply()).contains("OK", "\"messageCount\":" + i + "}");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"LEAN_FRAMES", "EPOLL_LINES"})
  void hooks_that_hang_do_not_delay_other_clients(Kind kind) throws Exception {
    var gate = new Semaphore(0);
    var crowd = new ArrayList<Client>();
    try (EarshotServer server = kind.start(quiet())) {
      var asked = new CountDownLatch(50);
      server
          .api()
          .hooks()
          .onSay(
              "swamp",
              say -> {
                asked.countDown();
                gate.acquire();
                return say.message();
              });
      server.api().hooks().onSay(UnaffectedClients.ROOM, say -> say.message());
      try (var innocents = new UnaffectedClients(server)) {
        innocents.chatOnDuring(
            () -> {
              for (int i = 0; i < 50; i++) {
                Client stranger = kind.welcomed(server);
                crowd.add(stranger);
                assertThat(stranger.ask(change("swamp"))).contains("OK");
                for (int j = 0; j < 100; j++) {
                  stranger.send(say("bubble"));
                }
              }
              asked.await();
              crowd.subList(0, 25).forEach(Client::reset);
              gate.release(100_000);
              crowd.subList(25, 50).forEach(Client::close);
            });
        innocents.seeNobodyElse();
      }
    } finally {
      gate.release(100_000);
      crowd.forEach(Client::close);
    }
  }

  @Test
  void a_server_that_stops_tells_hooks_which_clients_left() {
    EarshotServer server = Kind.LEAN_LINES.start(quiet());
    var clients = new ArrayList<Client>();
    server
        .api()
        .hooks()
        .onLeave(
            "*",
            one -> {
              LockSupport.parkNanos(20_000_000);
              told.add(one.connection().id());
            });
    for (int i = 0; i < 20; i++) {
      clients.add(TcpClient.welcomed(server.tcpPort()));
    }
    List<String> ids = clients.stream().map(Client::id).toList();
    Thread.startVirtualThread(() -> clients.forEach(Client::rest));
    server.close();
    assertThat(told).containsExactlyInAnyOrderElementsOf(ids);
    clients.forEach(Client::close);
  }
}
