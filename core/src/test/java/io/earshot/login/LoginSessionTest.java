package io.earshot.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Connection;
import io.earshot.Hooks;
import io.earshot.RefusedException;
import io.earshot.Transport;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
import io.earshot.session.ClientConnection;
import io.earshot.spi.Login;
import io.earshot.spi.VerifiedLogin;
import io.earshot.spi.Visitor;
import io.earshot.testing.Await;
import io.earshot.testing.ManualLoop;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Logins over reconnects and resumes, and what hooks decide as a client connects. */
final class LoginSessionTest extends LoginTestCase {

  private void resuming() {
    server =
        new TestServer(
            1,
            config()
                .with("general.resumeWindow", "30s")
                .with("users.attributes", List.of("plan=plan"))
                .with("rooms.rules", List.of("ada.* join=user:ada", "pro.* join=plan:pro")));
  }

  private static String session(List<String> lines) {
    return lines.getFirst().replaceAll(".*\"session\":\"([^\"]+)\".*", "$1");
  }

  private Guest connected(Transport transport, Shown shown) {
    Guest guest = connect(server, transport, shown);
    server.runUntil("it is welcomed", () -> !guest.lines.isEmpty());
    return guest;
  }

  private Guest connected(Shown shown) {
    return connected(Transport.TCP, shown);
  }

  private void lose(Guest guest) {
    guest.loop.run(() -> guest.intake.gone());
    server.settle();
  }

  // --- resume ----------------------------------------------------------------------------------

  @Test
  void a_client_that_resumes_without_a_login_has_that_of_its_session_until_it_ends() {
    resuming();
    Guest ada = connected(Shown.token(token("ada")));
    String session = session(ada.hear());
    assertThat(ada.ask("{\"event\":\"roomAdd\",\"room\":\"ada.1\"}")).contains("OK");
    lose(ada);
    Guest again = server.guest();
    assertThat(again.ask("resume " + session)).contains("\"room\":\"ada.1\"");
    assertThat(user(again.connection()).id()).isEqualTo("ada");
    assertThat(again.connection().attributes()).containsEntry("user", "ada");
    assertThat(again.ask("login " + token("bob"))).contains("Error: you are logged in as another");
    again.hear();
    server.pass(Duration.ofSeconds(301));
    assertThat(again.hear())
        .contains(
            "{\"context\":\"token\",\"status\":\"expired\"}",
            "{\"context\":\"token\",\"room\":\"ada.1\",\"status\":\"expired\"}");
    assertThat(again.connection().user()).isNull();
  }

  @Test
  void a_newer_login_takes_the_place_of_that_of_the_session() {
    resuming();
    Guest ada = connected(Shown.token(token("ada", 100, Map.of("plan", "pro"))));
    String session = session(ada.hear());
    ada.connection().set("seat", "7");
    ada.ask("{\"event\":\"roomAdd\",\"room\":\"ada.1\"}");
    ada.ask("{\"event\":\"roomAdd\",\"room\":\"pro.1\"}");
    lose(ada);
    Guest again = connected(Shown.token(token("ada", 200, Map.of("name", "Countess"))));
    again.hear();
    again.send("resume " + session);
    assertThat(again.hear())
        .anyMatch(line -> line.contains("\"status\":\"OK\""))
        .contains("{\"context\":\"token\",\"room\":\"pro.1\",\"status\":\"expired\"}");
    assertThat(user(again.connection()).name()).isEqualTo("Countess");
    assertThat(again.connection().attributes())
        .isEqualTo(Map.of("user", "ada", "identity", "ada", "seat", "7"));
    assertThat(again.ask("detailsView")).contains("\"rooms\":[\"defaultRoom\",\"ada.1\"]");
    server.pass(Duration.ofSeconds(150));
    assertThat(again.connection().user()).isNotNull();
    server.pass(Duration.ofSeconds(51));
    assertThat(again.connection().user()).isNull();
  }

  @Test
  void a_session_of_another_user_is_not_resumed() {
    resuming();
    Guest ada = connected(Shown.token(token("ada")));
    String session = session(ada.hear());
    ada.ask("{\"event\":\"roomAdd\",\"room\":\"ada.1\"}");
    lose(ada);
    Guest bob = connected(Shown.token(token("bob")));
    assertThat(bob.ask("resume " + session)).contains("Error: this session is another user's");
    assertThat(user(bob.connection()).id()).isEqualTo("bob");
    assertThat(bob.ask("detailsView")).doesNotContain("ada.1");
    // The session is over, as if it had ended.
    assertThat(connected(Shown.token(token("ada"))).ask("resume " + session))
        .contains("no such session");
  }

  @Test
  void after_many_resumes_a_user_has_one_connection() {
    server =
        new TestServer(
            1, config().with("general.resumeWindow", "30s").with("users.connections", 2));
    Guest ada = connected(Shown.token(token("ada")));
    String session = session(ada.hear());
    for (int i = 0; i < 20; i++) {
      lose(ada);
      ada = connected(Shown.token(token("ada")));
      String answer = ada.ask("resume " + session);
      assertThat(answer).contains("OK");
      session = session(List.of(answer));
    }
    assertThat(connected(Shown.token(token("ada"))).finished).isFalse();
    assertThat(connected(Shown.token(token("ada"))).finished).isTrue();
  }

  @Test
  void a_session_keeps_its_login_when_it_moves_to_another_server() {
    var cluster =
        new TestCluster(
            config().with("general.resumeWindow", "30s").with("commonWeb.cookieSecret", "shared"),
            2);
    Guest ada = connect(cluster.servers.get(0), Transport.TCP, Shown.token(token("ada")));
    cluster.settle();
    String session = session(ada.hear());
    ada.loop.run(() -> ada.intake.gone());
    cluster.settle();
    Guest again = cluster.servers.get(1).guest();
    cluster.settle();
    again.send("resume " + session);
    cluster.settle();
    assertThat(again.hear()).anyMatch(line -> line.contains("\"id\":\""));
    assertThat(user(again.connection()).json())
        .isEqualTo(Json.from(Map.of("id", "ada", "name", "ADA")));
    assertThat(again.connection().attributes()).containsEntry("user", "ada");
  }

  // --- hooks -----------------------------------------------------------------------------------

  @Test
  void a_hook_sees_what_the_client_has_sent_and_decides() {
    resuming();
    var connects = new AtomicInteger();
    server
        .earshot
        .api()
        .hooks()
        .onConnect(
            (connection, connecting) -> {
              if (connecting.headers().containsKey("x-evil")) {
                throw new RefusedException("no");
              }
              Json.Obj claims = connecting.claims();
              String seat = connecting.cookies().get("seat");
              if (claims != null) {
                assertThat(user(connection).id()).isEqualTo("ada");
                assertThat(claims.get("plan")).isEqualTo(Json.of("pro"));
                connecting.user(User.of("a-1", "The Countess", Map.of()));
                connecting.join("ada.1");
                connecting.join("open");
              } else if (seat != null) {
                connecting.user(User.of("seat-" + seat, null, Map.of()));
              }
              connection.set("visit", String.valueOf(connects.incrementAndGet()));
            });
    Guest evil = connected(new Shown(null, Map.of("x-evil", List.of("1")), Map.of()));
    assertThat(evil.lines).anyMatch(line -> line.contains("\"reason\":\"Error: no\""));
    Guest seated = connected(new Shown(null, Map.of(), Map.of("seat", "7")));
    assertThat(user(seated.connection()).id()).isEqualTo("seat-7");

    Shown shown = Shown.token(token("ada", 300, Map.of("plan", "pro")));
    Guest ada = connected(shown);
    server.settle();
    List<String> heard = ada.hear();
    String session = session(heard);
    assertThat(heard.getFirst()).contains("\"user\":{\"id\":\"a-1\",\"name\":\"The Countess\"}");
    assertThat(heard).anyMatch(line -> line.startsWith("{\"context\":\"room\",\"room\":\"ada.1\""));
    assertThat(heard).anyMatch(line -> line.startsWith("{\"context\":\"room\",\"room\":\"open\""));
    assertThat(ada.ask("detailsView")).contains("\"rooms\":[\"defaultRoom\",\"ada.1\",\"open\"]");
    assertThat(ada.connection().attributes())
        .isEqualTo(Map.of("user", "a-1", "identity", "a-1", "plan", "pro", "visit", "2"));
    // A newer token of the same subject changes nothing that the hook has chosen.
    assertThat(ada.ask("login " + token("ada", 400, Map.of("plan", "pro", "name", "other"))))
        .contains("The Countess");

    lose(ada);
    Guest again = connected(shown);
    assertThat(again.ask("resume " + session)).contains("\"room\":\"ada.1\"");
    assertThat(again.connection().attributes())
        .containsEntry("visit", "3")
        .containsEntry("user", "a-1");
    assertThat(user(again.connection()).name()).isEqualTo("The Countess");
  }

  @Test
  void a_room_that_a_hook_adds_as_a_client_reconnects_stays_after_the_resume() {
    resuming();
    var plan = new AtomicReference<>("basic");
    server
        .earshot
        .api()
        .hooks()
        .onConnect(
            (_, connecting) -> {
              connecting.join("all");
              connecting.join(plan.get());
            });
    Guest ada = connected(Shown.token(token("ada")));
    String session = session(ada.hear());
    lose(ada);
    plan.set("pro");
    Guest again = connected(Shown.token(token("ada")));
    again.hear();
    again.send("resume " + session);
    assertThat(again.hear())
        .satisfiesExactly(
            answer -> assertThat(answer).contains("\"room\":\"all\"", "\"room\":\"basic\""),
            joined -> assertThat(joined).startsWith("{\"context\":\"room\",\"room\":\"pro\""));
    assertThat(again.ask("detailsView"))
        .contains("\"rooms\":[\"defaultRoom\",\"all\",\"basic\",\"pro\"]");
  }

  @Test
  void a_client_that_ends_while_it_enters_its_first_room_is_in_no_room_that_a_hook_adds() {
    for (int i = 0; i < 2; i++) {
      server = new TestServer(2, config());
      server.earshot.api().hooks().onConnect((_, connecting) -> connecting.join("all"));
      Guest guest = server.guest(i, TestServer.Lines.ONE);
      ManualLoop loop = server.loops.get(i);
      ManualLoop other = server.loops.get(1 - i);
      // One of the two connects on another loop than that of the default room.
      Await.until(
          "it enters, or is in",
          () -> {
            loop.runOne();
            return !other.isIdle() || isIn(guest);
          });
      guest.loop.run(() -> guest.intake.gone());
      while (!loop.isIdle()) {
        loop.runOne();
      }
      server.settle();
      server.pass(Duration.ofMinutes(5));
      Guest bob = server.guest(i, TestServer.Lines.ONE);
      server.runUntil("bob is in", () -> isIn(bob));
      server.settle();
      bob.ask("roomAdd all");
      assertThat(bob.ask("roomView")).doesNotContain(guest.id());
      bob.send("roomChange all");
      bob.hear();
      assertThat(bob.ask("roomView")).contains("\"membersCount\":1");
    }
  }

  @Test
  void a_client_that_is_disconnected_while_it_resumes_is_in_no_room_that_a_hook_adds() {
    server = new TestServer(2, config().with("general.resumeWindow", "30s"));
    var plan = new AtomicReference<>("basic");
    server.earshot.api().hooks().onConnect((_, connecting) -> connecting.join(plan.get()));
    for (int i = 0; i < 2; i++) {
      plan.set("basic");
      Guest ada = connectedAt(i);
      String session = session(ada.hear());
      String id = ada.id();
      lose(ada);
      plan.set("pro");
      Guest again = connectedAt(i);
      ManualLoop loop = server.loops.get(i);
      ManualLoop other = server.loops.get(1 - i);
      again.send("resume " + session);
      Await.until(
          "it has the session",
          () -> {
            if (!again.id().equals(id) && !loop.runOne()) {
              other.runOne();
            }
            return again.id().equals(id);
          });
      again.loop.run(() -> ((ClientConnection) again.intake).disconnect("banned"));
      server.settle();
      server.pass(Duration.ofMinutes(5));
      plan.set("none");
      Guest bob = connectedAt(i);
      bob.ask("roomChange pro");
      assertThat(bob.ask("roomView")).doesNotContain(id);
      bob.ask("quit");
    }
  }

  private Guest connectedAt(int loop) {
    Guest guest = server.guest(loop, TestServer.Lines.ONE);
    server.runUntil("it is in", () -> isIn(guest));
    return guest;
  }

  private static boolean isIn(Guest guest) {
    return !guest.lines.isEmpty();
  }

  @Test
  void lost_connections_do_not_keep_their_user_out() {
    server =
        new TestServer(
            1, config().with("users.connections", 1).with("general.resumeWindow", "30s"));
    Guest ada = connected(Shown.token(token("ada")));
    String session = session(ada.hear());
    lose(ada);
    Guest again = connected(Shown.token(token("ada")));
    again.hear();
    again.send("resume " + session);
    assertThat(again.hear()).first().asString().contains("\"status\":\"OK\"");
    assertThat(connect(token("ada"))).contains("too many connections");
    lose(again);
    Guest third = connected(Shown.token(token("ada")));
    lose(third);
    // Two lost ones are as many as one that is not.
    assertThat(connect(token("ada"))).contains("too many connections");
  }

  /** What a client hears that logs in on an open connection. */
  private String connect(String token) {
    return server.guest().ask("login " + token);
  }

  /** The client was disconnected on its server, and is a new one with the next request. */
  @Test
  void a_hook_sees_the_request_of_an_http_client_that_belongs_to_another_server() {
    var cluster =
        new TestCluster(
            config().with("commonWeb.httpClientMessageTTL", "30s").with("users.cookie", "login"),
            2);
    var seen = new ConcurrentLinkedQueue<List<Object>>();
    for (TestServer each : cluster.servers) {
      each.earshot
          .api()
          .hooks()
          .onConnect(
              (who, client) ->
                  seen.add(
                      List.of(
                          who.transport(),
                          who.remoteAddress(),
                          user(who),
                          client.headers(),
                          client.cookies(),
                          client.query(),
                          Objects.requireNonNull(client.claims()))));
    }
    var headers = Map.of("accept", List.of("a", "b"));
    var cookies = Map.of("seat", "7");
    var query = Map.of("from", List.of("mail"));
    // What lets others be this client stays on the server that received it.
    var allHeaders = Map.of("accept", List.of("a", "b"), "authorization", List.of("Bearer x"));
    var allCookies = Map.of("seat", "7", "sessionID", "s", "login", "l");
    var allQuery = Map.of("from", List.of("mail"), "token", List.of("t"));
    var claims = new Json.Obj(Map.of("plan", Json.of("pro")));
    var login = new VerifiedLogin(Login.of(User.of("ada", "Ada", Map.of())), claims);
    var address = new InetSocketAddress("192.0.2.7", 1);
    var shown = new Shown(null, allHeaders, allCookies, allQuery);
    var visitor = new Visitor("a".repeat(40), "defaultRoom", address, login, shown);
    for (TestServer asked : cluster.servers) {
      var answer =
          asked.earshot.http().ask(visitor, "chat", Map.of("method", Json.of("detailsView")));
      Await.until(
          "an answer",
          () -> {
            cluster.settle();
            return answer.isDone();
          });
      cluster
          .servers
          .getFirst()
          .earshot
          .api()
          .connections()
          .forEach(each -> each.close("on its server"));
      cluster.settle();
    }
    User ada = login.login().user();
    assertThat(seen)
        .containsExactly(
            List.of(Transport.WEB, address, ada, allHeaders, allCookies, allQuery, claims),
            List.of(Transport.WEB, address, ada, headers, cookies, query, claims));
  }

  @Test
  void a_hook_that_answers_too_late_changes_nothing() {
    server = new TestServer(1, config());
    var late = new CompletableFuture<Hooks.Connecting>();
    server.earshot.api().hooks().onConnect((_, connecting) -> late.complete(connecting));
    Guest guest = connected(Shown.token(null));
    late.join().user(User.of("ada", null, Map.of()));
    Connection connection = guest.connection();
    assertThat(connection.user()).isNull();
    assertThat(guest.ask("say hello")).contains("OK");
    assertThat(connection.user()).isNull();
  }

  @Test
  void the_older_form_of_a_hook_still_decides() {
    server.earshot.api().hooks().onConnect(connection -> connection.set("seen", "yes"));
    assertThat(connected(Shown.token(null)).connection().attributes()).containsEntry("seen", "yes");
  }

  @Test
  void a_hook_may_choose_the_user_where_a_login_is_required() {
    server = new TestServer(1, config().with("users.required", true));
    server
        .earshot
        .api()
        .hooks()
        .onConnect(
            (_, connecting) -> {
              if (connecting.cookies().containsKey("seat")) {
                connecting.user(User.of("ada", null, Map.of()));
              }
            });
    Guest seated = connected(Transport.STREAM, new Shown(null, Map.of(), Map.of("seat", "7")));
    assertThat(seated.lines.getFirst()).contains("\"room\":\"defaultRoom\"");
    Guest other = connected(Shown.token(null));
    assertThat(other.lines.getFirst()).contains("\"login\":\"required\"");
  }
}
