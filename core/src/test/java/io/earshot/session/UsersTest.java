package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomStatus;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.spi.Ending;
import io.earshot.testing.Await;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Users in rooms: in messages, announcements and lists, of a lone server and of two. */
final class UsersTest {
  private static final String ROOM = "defaultRoom";
  private static final String IN = "I have entered the room";
  private static final String OUT = "I have left the room";
  private static final User ADA = User.of("ada", "Ada", Map.of("avatar", Json.of("/a.png")));
  private static final User BOB = User.of("bob", null, Map.of());
  private static final String ADA_JSON =
      "\"user\":{\"id\":\"ada\",\"name\":\"Ada\",\"avatar\":\"/a.png\"}";

  private Config config = Config.defaults();
  private Runnable settle = () -> {};
  private TestServer one = new TestServer();
  private TestServer other = one;

  private void start(boolean isCluster) {
    if (isCluster) {
      var cluster = new TestCluster(config, 2);
      one = cluster.servers.getFirst();
      other = cluster.servers.getLast();
      settle = cluster::settle;
    } else {
      one = new TestServer(2, config);
      other = one;
      settle = one::settle;
    }
  }

  private Guest user(TestServer server, User user) {
    return user(server, user, Transport.WEBSOCKET);
  }

  private Guest user(TestServer server, User user, Transport transport) {
    Guest guest = server.guest(1, user, transport);
    settle.run();
    guest.hear();
    return guest;
  }

  private Guest anonymous(TestServer server) {
    Guest guest = server.guest();
    settle.run();
    guest.hear();
    return guest;
  }

  private void pass(Duration time) {
    one.pass(time);
    if (other != one) {
      other.pass(time);
    }
    settle.run();
  }

  private String ask(Guest guest, String line) {
    guest.hear();
    guest.send(line);
    // A page of members is put together on a thread of its own.
    Await.until(
        "the answer",
        () -> {
          settle.run();
          return !guest.lines.isEmpty();
        });
    return guest.hear().getFirst();
  }

  private void lose(Guest guest) {
    guest.loop.run(guest.intake::gone);
    settle.run();
  }

  private RoomStatus status(TestServer server, RoomStatus.Page page) {
    var status = server.earshot.api().chatRoom().socketRoomStatus(ROOM, page).toCompletableFuture();
    settle.run();
    return status.join();
  }

  /** The ids of a user's connections at the end of an object. */
  private static final String MEMBERS = ",\"members\":\\[[^]]*]}";

  /** A user who is present, and the number of connections. */
  private record Counted(User user, int connections) {}

  private List<Counted> users(TestServer server) {
    var status = server.earshot.api().chatRoom().socketRoomStatus(ROOM).toCompletableFuture();
    settle.run();
    return status.join().users().stream()
        .map(each -> new Counted(each.user(), each.connections()))
        .toList();
  }

  private static String announcement(Guest who, User user) {
    return "\"from\":\"%s\",\"user\":%s,\"context\":\"user\""
        .formatted(who.id(), new String(user.json().encode(), StandardCharsets.UTF_8));
  }

  // --- messages --------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_message_carries_the_user_of_its_sender_beside_the_senders_id(boolean isCluster) {
    start(isCluster);
    Guest listens = anonymous(other);
    Guest ada = user(one, ADA);
    listens.hear();
    ask(ada, "say hello");
    assertThat(listens.hear())
        .singleElement()
        .asString()
        .startsWith(
            "{\"message\":\"hello\",\"room\":\"defaultRoom\",\"from\":\"%s\",%s,\"context\":\"user\""
                .formatted(ada.id(), ADA_JSON));
    ask(ada, "{\"event\":\"say\",\"message\":\"forged\",\"user\":{\"id\":\"eve\"}}");
    assertThat(listens.hear()).singleElement().asString().contains(ADA_JSON);
    ask(anonymous(one), "{\"event\":\"say\",\"message\":\"forged\",\"user\":{\"id\":\"eve\"}}");
    assertThat(listens.hear().getLast()).contains("forged").doesNotContain("\"user\":{", "eve");
    // The history has it as well, on each server.
    for (TestServer server : List.of(one, other)) {
      CompletableFuture<Excerpt> read =
          server.earshot.http().read(new ExcerptRequest(ROOM, Start.LIVE, 9), 0);
      settle.run();
      assertThat(new String(read.join().encode(), StandardCharsets.UTF_8))
          .contains("\"from\":\"" + ada.id() + "\"," + ADA_JSON);
    }
    assertThat(ask(ada, "detailsView"))
        .contains("\"public\":{\"id\":\"" + ada.id() + "\"," + ADA_JSON);
    assertThat(ask(listens, "detailsView")).doesNotContain("\"user\"");
  }

  // --- presence --------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_user_joins_with_the_first_connection_and_leaves_with_the_last(boolean isCluster) {
    start(isCluster);
    Guest listens = anonymous(other);
    Guest first = user(one, ADA);
    assertThat(listens.hear())
        .singleElement()
        .asString()
        .contains(IN, announcement(first, ADA), "\"type\":\"join\"");
    Guest second = user(other, ADA);
    Guest third = user(one, ADA);
    Guest bob = user(other, BOB);
    assertThat(listens.hear()).singleElement().asString().contains(IN, "\"user\":{\"id\":\"bob\"}");
    assertThat(users(one)).containsExactly(new Counted(ADA, 3), new Counted(BOB, 1));
    assertThat(users(other)).isEqualTo(users(one));
    String view = ask(listens, "roomView");
    assertThat(view).contains("\"connections\":1,\"members\":[\"" + bob.id() + "\"]}");
    assertThat(view.replaceAll(MEMBERS, "}"))
        .contains(
            "\"membersCount\":5,\"users\":[{\"id\":\"ada\",\"name\":\"Ada\",\"avatar\":\"/a.png\","
                + "\"connections\":3},{\"id\":\"bob\",\"connections\":1}],\"usersCount\":2");
    ask(first, "quit");
    ask(third, "roomChange attic");
    assertThat(listens.hear()).isEmpty();
    assertThat(users(other)).containsExactly(new Counted(ADA, 1), new Counted(BOB, 1));
    ask(second, "quit");
    assertThat(listens.hear())
        .singleElement()
        .asString()
        .contains(OUT, announcement(second, ADA), "\"type\":\"leave\"");
    ask(bob, "quit");
    listens.hear();
    assertThat(ask(listens, "roomView")).doesNotContain("users");
    assertThat(users(one)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_member_that_logs_in_leaves_as_nobody_and_joins_as_the_user_and_misses_nothing(
      boolean isCluster) {
    start(isCluster);
    Guest listens = anonymous(other);
    Guest guest = anonymous(one);
    listens.hear();
    guest.identify(ADA);
    settle.run();
    assertThat(listens.heard()).containsExactly(OUT, IN);
    assertThat(users(other)).containsExactly(new Counted(ADA, 1));
    Guest more = anonymous(other);
    listens.hear();
    more.identify(ADA);
    settle.run();
    assertThat(listens.heard()).as("Ada is there").containsExactly(OUT);
    guest.hear();
    ask(listens, "say hi");
    assertThat(guest.heard()).containsExactly("hi");
    assertThat(more.heard()).containsExactly("hi");
    guest.identify(null);
    settle.run();
    assertThat(listens.heard()).containsExactly(IN);
    more.identify(null);
    settle.run();
    List<String> lines = listens.hear();
    assertThat(TestServer.texts(lines)).containsExactly(OUT, IN);
    assertThat(lines.getFirst()).contains(ADA_JSON);
    assertThat(lines.getLast()).doesNotContain("\"user\":{");
    assertThat(users(one)).isEmpty();
    assertThat(status(one, new RoomStatus.Page(10, null, null)).membersCount()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void what_is_told_about_a_user_changes_without_an_announcement(boolean isCluster) {
    start(isCluster);
    Guest listens = anonymous(other);
    Guest ada = user(one, ADA);
    listens.hear();
    User renamed = User.of("ada", "Countess", Map.of());
    ada.identify(renamed);
    settle.run();
    assertThat(listens.hear()).isEmpty();
    assertThat(users(other)).containsExactly(new Counted(renamed, 1));
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_long_list_of_users_has_pages_and_its_counts_are_right(boolean isCluster) {
    config = TestServer.quiet();
    start(isCluster);
    int count = 25;
    for (int i = 0; i < count; i++) {
      User user = User.of("u%02d".formatted(i), null, Map.of());
      user(i % 2 == 0 ? one : other, user);
      user(i % 3 == 0 ? one : other, user);
    }
    List<String> seen = new ArrayList<>();
    String after = null;
    do {
      RoomStatus page = status(other, new RoomStatus.Page(10, null, after));
      assertThat(page.usersCount()).isEqualTo(count);
      assertThat(page.membersCount()).isEqualTo(2 * count);
      page.users().forEach(each -> assertThat(each.connections()).isEqualTo(2));
      page.users().forEach(each -> seen.add(each.user().id()));
      after = page.usersNext();
    } while (after != null);
    assertThat(seen).isEqualTo(IntStream.range(0, count).mapToObj("u%02d"::formatted).toList());
    Guest ada = user(one, ADA);
    assertThat(
            ask(ada, "{\"event\":\"roomView\",\"limit\":1,\"usersAfter\":\"u23\"}")
                .replaceAll(MEMBERS, "}"))
        .contains("\"users\":[{\"id\":\"u24\",\"connections\":2}],\"usersCount\":26")
        .doesNotContain("usersNext");
    assertThat(ask(ada, "{\"event\":\"roomView\",\"usersAfter\":7}"))
        .contains("Error: usersAfter must be a user's id");
  }

  // --- a user whose connection is lost ---------------------------------------------------------

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_user_that_is_back_within_the_grace_neither_leaves_nor_joins(boolean isCluster) {
    start(isCluster);
    Guest listens = anonymous(other);
    Guest ada = user(one, ADA);
    listens.hear();
    for (Transport transport : List.of(Transport.WEBSOCKET, Transport.STREAM, Transport.TCP)) {
      lose(ada);
      pass(Duration.ofMillis(4_900));
      ada = user(other, ADA, transport);
      pass(Duration.ofSeconds(6));
      assertThat(listens.hear()).as("%s", transport).isEmpty();
      assertThat(users(one)).containsExactly(new Counted(ADA, 1));
    }
    lose(ada);
    pass(Duration.ofMillis(4_900));
    assertThat(listens.hear()).isEmpty();
    assertThat(users(one)).hasSize(1);
    pass(Duration.ofMillis(200));
    assertThat(listens.heard()).containsExactly(OUT);
    assertThat(users(one)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_reload_has_the_grace_and_a_client_that_leaves_by_itself_or_is_nobody_has_not(
      boolean isCluster) {
    start(isCluster);
    Guest listens = anonymous(other);
    Guest reloads = user(one, ADA);
    listens.hear();
    reloads.loop.run(() -> reloads.intake.inputEnded(Ending.closedByClient(1001)));
    settle.run();
    assertThat(listens.hear()).isEmpty();
    assertThat(reloads.finished).isTrue();
    pass(Duration.ofSeconds(5));
    assertThat(listens.heard()).containsExactly(OUT);
    Guest closes = user(one, ADA);
    closes.loop.run(() -> closes.intake.inputEnded(Ending.closedByClient(1000)));
    settle.run();
    assertThat(listens.heard()).containsExactly(IN, OUT);
    ask(user(one, BOB), "quit");
    assertThat(listens.heard()).containsExactly(IN, OUT);
    lose(anonymous(one));
    assertThat(listens.heard()).containsExactly(IN, OUT);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_longer_resume_window_is_the_grace_and_the_session_is_still_the_users(boolean isCluster) {
    config =
        Config.defaults()
            .with("general.resumeWindow", "20s")
            .with("commonWeb.cookieSecret", "x".repeat(32));
    start(isCluster);
    Guest listens = anonymous(other);
    Guest ada = one.guest(1, ADA, Transport.TCP);
    settle.run();
    String session = TestServer.session(ada.hear().getFirst());
    listens.hear();
    lose(ada);
    pass(Duration.ofSeconds(19));
    Guest back = other.guest();
    ask(back, "resume " + session);
    ask(listens, "say x");
    assertThat(listens.heard()).as("the new connection itself comes and goes").doesNotContain("x");
    ask(back, "say me");
    assertThat(listens.hear())
        .singleElement()
        .asString()
        .contains(ADA_JSON, "\"from\":\"" + back.id());
    assertThat(users(one)).containsExactly(new Counted(ADA, 1));
    pass(Duration.ofSeconds(30));
    assertThat(listens.hear()).isEmpty();
    lose(back);
    pass(Duration.ofSeconds(20));
    assertThat(listens.hear()).singleElement().asString().contains(OUT, ADA_JSON);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void without_a_grace_a_lost_user_leaves_at_once(boolean isCluster) {
    config = Config.defaults().with("users.leaveGrace", "0s");
    start(isCluster);
    Guest listens = anonymous(other);
    Guest ada = user(one, ADA);
    listens.hear();
    lose(ada);
    assertThat(listens.heard()).containsExactly(OUT);
  }
}
