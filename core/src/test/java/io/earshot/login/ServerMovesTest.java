package io.earshot.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.RefusedException;
import io.earshot.StandIn;
import io.earshot.Transport;
import io.earshot.Users;
import io.earshot.Users.Moved;
import io.earshot.protocol.Json;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** Server code that decides which rooms a user or a connection is in. */
final class ServerMovesTest extends LoginTestCase {

  private Guest user(String id) {
    Guest guest = connect(Shown.token(token(id)));
    guest.hear();
    return guest;
  }

  private Users users() {
    return server.earshot.api().users();
  }

  private <T> T done(CompletionStage<T> stage) {
    server.settle();
    CompletableFuture<T> future = stage.toCompletableFuture();
    assertThat(future).isDone();
    return future.join();
  }

  private static String rooms(Guest guest) {
    return guest.ask("detailsView").replaceAll(".*\"rooms\":(\\[[^]]*]).*", "$1");
  }

  @Test
  void a_user_joins_and_leaves_a_room_with_all_connections() {
    Guest phone = user("ada");
    Guest laptop = user("ada");
    Guest bob = user("bob");
    assertThat(done(users().join("ada", "attic"))).isEqualTo(new Moved(2, true));
    assertThat(phone.hear())
        .singleElement()
        .asString()
        .matches(
            "\\{\"context\":\"room\",\"room\":\"attic\",\"epoch\":\"\\w+\",\"offset\":0,\"status\":\"joined\"}");
    assertThat(rooms(laptop)).isEqualTo("[\"defaultRoom\",\"attic\"]");
    assertThat(rooms(bob)).isEqualTo("[\"defaultRoom\"]");
    assertThat(done(users().join("ada", "attic"))).isEqualTo(new Moved(0, true));
    assertThat(done(users().join("nobody", "attic"))).isEqualTo(new Moved(0, true));
    phone.hear();
    assertThat(done(users().leave("ada", "attic"))).isEqualTo(new Moved(2, true));
    assertThat(phone.hear())
        .containsExactly("{\"context\":\"room\",\"room\":\"attic\",\"status\":\"left\"}");
    assertThat(rooms(phone)).isEqualTo("[\"defaultRoom\"]");
    assertThat(done(users().leave("ada", "attic"))).isEqualTo(new Moved(0, true));
  }

  @Test
  void rules_and_hooks_are_not_asked_and_hooks_are_told() {
    server = new TestServer(1, config().with("rooms.rules", List.of("attic join=nobody")));
    var events = new ArrayList<String>();
    var hooks = server.earshot.api().hooks();
    Guest ada = user("ada");
    hooks.onJoin(
        "*",
        _ -> {
          throw new RefusedException("no");
        });
    hooks.onJoined("*", one -> events.add("joined " + one.room()));
    hooks.onLeave("*", one -> events.add("left " + one.room()));
    assertThat(done(ada.connection().join("attic"))).isTrue();
    server.runUntil("hooks are told", () -> events.size() == 1);
    server
        .earshot
        .api()
        .chatRoom()
        .socketRoomBroadcast(new StandIn("attic", Json.of("server"), null), "hello");
    assertThat(ada.heard()).containsExactly("hello");
    assertThat(done(ada.connection().leave("attic"))).isTrue();
    server.runUntil("hooks are told", () -> events.size() == 2);
    assertThat(events).containsExactly("joined attic", "left attic");
  }

  @Test
  void from_its_current_room_a_client_moves_to_the_default_room() {
    Guest ada = user("ada");
    ada.ask("roomChange attic");
    ada.hear();
    assertThat(done(ada.connection().leave("attic"))).isTrue();
    assertThat(ada.hear())
        .containsExactly("{\"context\":\"room\",\"room\":\"attic\",\"status\":\"left\"}");
    assertThat(rooms(ada)).isEqualTo("[\"defaultRoom\"]");
    assertThat(done(ada.connection().leave("defaultRoom"))).isFalse();
    assertThat(rooms(ada)).isEqualTo("[\"defaultRoom\"]");
  }

  @Test
  void a_lost_client_finds_the_room_when_it_resumes() {
    server = new TestServer(1, config().with("general.resumeWindow", "30s"));
    Guest ada = connect(Shown.token(token("ada")));
    String session = ada.hear().getFirst().replaceAll(".*\"session\":\"([^\"]+)\".*", "$1");
    ada.loop.run(() -> ada.intake.gone());
    server.settle();
    assertThat(done(users().join("ada", "attic"))).isEqualTo(new Moved(1, true));
    server
        .earshot
        .api()
        .chatRoom()
        .socketRoomBroadcast(new StandIn("attic", Json.of("server"), null), "hello");
    server.settle();
    Guest again = server.guest();
    again.hear();
    again.send("resume " + session);
    List<String> heard = again.hear();
    assertThat(heard).anyMatch(line -> line.contains("{\"room\":\"attic\""));
    assertThat(TestServer.texts(heard)).containsExactly("hello");
  }

  @Test
  void names_that_no_client_can_join_are_refused_and_nothing_else_changes() {
    Guest ada = user("ada");
    for (String room : List.of("", "a\nb", "x".repeat(257), "@ada", "@bob")) {
      assertThatThrownBy(() -> users().join("ada", room))
          .hasMessageStartingWith("room names have 1 to 256 characters");
      assertThatThrownBy(() -> users().leave("ada", room))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> ada.connection().join(room))
          .isInstanceOf(IllegalArgumentException.class);
    }
    assertThat(ada.hear()).isEmpty();
    assertThat(rooms(ada)).isEqualTo("[\"defaultRoom\"]");
  }

  @Test
  void a_client_that_has_gone_does_not_join() {
    Guest ada = user("ada");
    var connection = ada.connection();
    ada.send("quit");
    server.settle();
    assertThat(done(connection.join("attic"))).isFalse();
  }

  @Test
  void a_client_that_goes_in_the_middle_of_a_request_keeps_no_one_waiting() {
    Guest ada = user("ada");
    var blocked = new CompletableFuture<Void>();
    server.earshot.api().hooks().onJoin("attic", _ -> blocked.join());
    ada.send("roomChange attic");
    CompletionStage<Moved> moved = users().join("ada", "cellar");
    server.settle();
    assertThat(moved.toCompletableFuture()).isNotDone();
    ada.loop.run(() -> ada.intake.gone());
    server.pass(Duration.ofSeconds(10));
    assertThat(moved.toCompletableFuture()).isCompletedWithValue(new Moved(0, true));
    blocked.complete(null);
  }

  @Test
  void a_user_with_many_connections_joins_in_small_tasks() {
    server =
        new TestServer(
            1, config().with("users.connections", 2_000).with("limits.connectionsPerAddress", 0));
    var all = new ArrayList<Guest>();
    for (int i = 0; i < 2_000; i++) {
      Guest guest = server.guest();
      guest.send("login " + token("ada"));
      all.add(guest);
    }
    server.settle();
    all.forEach(guest -> guest.lines.clear());
    CompletionStage<Moved> moved = users().join("ada", "attic");
    server.loops.getFirst().runOne();
    assertThat(moved.toCompletableFuture()).isNotDone();
    assertThat(done(moved)).isEqualTo(new Moved(2_000, true));
    assertThat(all).allMatch(guest -> guest.lines.getLast().contains("\"status\":\"joined\""));
  }

  @Test
  void a_user_joins_on_all_servers() {
    var cluster = new TestCluster(config().with("commonWeb.cookieSecret", "shared"), 2);
    var guests = new ArrayList<Guest>();
    for (TestServer each : cluster.servers) {
      guests.add(connect(each, Transport.TCP, Shown.token(token("ada"))));
      cluster.settle();
    }
    Users users = cluster.servers.getFirst().earshot.api().users();
    CompletionStage<Moved> joined = users.join("ada", "attic");
    cluster.settle();
    assertThat(joined.toCompletableFuture()).isCompletedWithValue(new Moved(2, true));
    for (Guest guest : guests) {
      guest.send("detailsView");
      cluster.settle();
      assertThat(guest.lines.getLast()).contains("\"rooms\":[\"defaultRoom\",\"attic\"]");
    }
    CompletionStage<Moved> left = users.leave("ada", "attic");
    cluster.settle();
    assertThat(left.toCompletableFuture()).isCompletedWithValue(new Moved(2, true));
    cluster.peers.get(1).disconnect();
    CompletionStage<Moved> alone = users.join("ada", "attic");
    cluster.settle();
    cluster.pass(Duration.ofSeconds(60));
    assertThat(alone.toCompletableFuture()).isCompletedWithValue(new Moved(1, false));
  }
}
