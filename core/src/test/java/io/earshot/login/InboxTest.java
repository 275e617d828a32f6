package io.earshot.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.StandIn;
import io.earshot.Transport;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The inbox of a user, to which the connections of the user listen while they are logged in. */
final class InboxTest extends LoginTestCase {

  /** A client that shows a token and a cursor of its inbox as it connects. */
  private Guest connected(String user, @Nullable String inbox) {
    return connect(server, Transport.TCP, request(token(user), inbox));
  }

  private static Shown request(String token, @Nullable String inbox) {
    return new Shown(
        token, Map.of(), Map.of(), inbox == null ? Map.of() : Map.of("inbox", List.of(inbox)));
  }

  private void tell(TestServer from, String inbox, String message) {
    from.earshot
        .api()
        .chatRoom()
        .socketRoomBroadcast(new StandIn(inbox, Json.of("server"), null), message);
  }

  private void tell(String inbox, String message) {
    tell(server, inbox, message);
    server.settle();
  }

  private static Json.Obj inbox(String line) throws Exception {
    return (Json.Obj) Objects.requireNonNull(((Json.Obj) Json.parse(line)).get("inbox"));
  }

  private static String text(Json.Obj object, String name) {
    return String.valueOf(Objects.requireNonNull(object.get(name)).asText());
  }

  private static String cursor(String line) throws Exception {
    Json.Obj inbox = inbox(line);
    return text(inbox, "epoch") + ":" + text(inbox, "offset");
  }

  // --- from the login on -----------------------------------------------------------------------

  @Test
  void every_connection_of_a_user_hears_the_inbox_from_the_login_on() {
    Guest phone = connected("ada", null);
    assertThat(phone.hear().getFirst()).contains("\"inbox\":{\"room\":\"@ada\",\"epoch\":\"");
    Guest line = server.guest();
    Guest bob = connected("bob", null);
    Guest anonymous = server.guest();
    assertThat(line.ask("login " + token("ada"))).contains("\"inbox\":{\"room\":\"@ada\"");
    line.hear();
    bob.hear();
    anonymous.hear();
    tell("@ada", "hello");
    assertThat(phone.heard()).containsExactly("hello");
    assertThat(line.heard()).containsExactly("hello");
    assertThat(bob.hear()).isEmpty();
    assertThat(anonymous.hear()).isEmpty();
    assertThat(phone.ask("detailsView")).contains("\"listening\":[\"@ada\"]");
    assertThat(phone.ask("silenceRoom @ada")).contains("you listen to your inbox while logged in");
  }

  @Test
  void a_client_that_comes_back_receives_what_it_has_missed() throws Exception {
    Guest first = connected("ada", null);
    String known = cursor(first.hear().getFirst());
    first.send("quit");
    server.settle();
    tell("@ada", "one");
    tell("@ada", "two");
    // The room of the first connection was empty, and is another one now.
    Guest fresh = connected("ada", known);
    List<String> all = fresh.hear();
    assertThat(all.getFirst()).contains("\"recovered\":false");
    assertThat(TestServer.texts(all)).containsExactly("one", "two");
    known = text(inbox(all.getFirst()), "epoch") + ":2";
    fresh.send("quit");
    server.settle();
    tell("@ada", "three");
    tell("@ada", "four");
    Guest handshake = connected("ada", known);
    List<String> heard = handshake.hear();
    assertThat(heard.getFirst()).contains("\"welcome\"", "\"recovered\":true");
    assertThat(TestServer.texts(heard)).containsExactly("three", "four");
    Guest line = server.guest();
    line.hear();
    line.send("login " + token("ada") + " inbox=" + known);
    line.send("login " + token("ada"));
    List<String> answers = line.hear();
    assertThat(answers.getFirst()).contains("\"status\":\"OK\"", "\"recovered\":true");
    assertThat(TestServer.texts(answers)).containsExactly("three", "four");
    Guest frame = server.guest();
    frame.hear();
    frame.send(
        "{\"event\":\"login\",\"token\":\"" + token("ada") + "\",\"inbox\":\"" + known + "\"}");
    assertThat(frame.heard()).containsExactly("three", "four");
    List<String> remembered = connected("ada", "other:7").hear();
    assertThat(remembered.getFirst()).contains("\"recovered\":false");
    assertThat(TestServer.texts(remembered)).containsExactly("one", "two", "three", "four");
  }

  @Test
  void messages_that_arrive_while_the_client_is_welcomed_follow_the_welcome() {
    server = new TestServer(2, config());
    for (int i = 0; i < 40; i++) {
      int steps = i;
      Guest ada = server.new Guest(server.loops.getFirst(), TestServer.Lines.ONE);
      ada.loop.run(
          () ->
              ada.intake =
                  server.earshot.connect(
                      ada.loop,
                      ada,
                      ada.wire,
                      Transport.TCP,
                      "room" + steps,
                      Start.LIVE,
                      null,
                      Shown.token(token("ada"))));
      for (int j = 0; j < steps; j++) {
        tell(server, "@ada", steps + "." + j);
        server.loops.get((steps + j) % 2).runOne();
      }
      List<String> heard = ada.hear();
      assertThat(heard.getFirst()).contains("\"welcome\"");
      assertThat(heard.stream().filter(each -> each.contains("\"welcome\""))).hasSize(1);
      List<String> texts = TestServer.texts(heard);
      assertThat(texts).doesNotHaveDuplicates();
      if (!texts.isEmpty()) {
        assertThat(texts.getLast()).isEqualTo(steps + "." + (steps - 1));
      }
      ada.send("quit");
      server.settle();
    }
  }

  @Test
  void the_inbox_ends_with_the_login() {
    Guest ada = server.guest();
    ada.ask("login " + token("ada", 60, Map.of()));
    server.pass(Duration.ofSeconds(61));
    assertThat(ada.hear())
        .contains("{\"context\":\"token\",\"room\":\"@ada\",\"status\":\"expired\"}");
    tell("@ada", "secret");
    assertThat(ada.hear()).isEmpty();
    assertThat(ada.ask("detailsView")).contains("\"listening\":[]");
    ada.ask("login " + token("ada"));
    tell("@ada", "again");
    assertThat(ada.heard()).containsExactly("again");
  }

  @Test
  void a_renewed_login_keeps_the_inbox() {
    Guest ada = server.guest();
    ada.ask("login " + token("ada", 60, Map.of()));
    assertThat(ada.ask("login " + token("ada", 600, Map.of()))).doesNotContain("\"inbox\"");
    server.pass(Duration.ofSeconds(61));
    ada.hear();
    tell("@ada", "still here");
    assertThat(ada.heard()).containsExactly("still here");
  }

  @Test
  void a_hook_that_chooses_the_user_chooses_the_inbox() {
    server
        .earshot
        .api()
        .hooks()
        .onConnect(
            (_, connecting) -> {
              connecting.user(User.of("a-1", null, Map.of()));
              assertThatThrownBy(() -> connecting.join("@a-1"))
                  .hasMessage("nobody can join @a-1: it is the inbox of a user");
            });
    Guest ada = connected("ada", null);
    server.runUntil("it is welcomed", () -> !ada.lines.isEmpty());
    assertThat(ada.hear().getFirst()).contains("\"inbox\":{\"room\":\"@a-1\"");
    assertThat(ada.ask("detailsView")).contains("\"listening\":[\"@a-1\"]");
  }

  @Test
  void where_a_login_is_required_the_welcome_after_it_has_the_inbox() {
    server = new TestServer(1, config().with("users.required", true));
    Guest ada = server.guest();
    assertThat(ada.hear().getFirst()).doesNotContain("inbox");
    ada.send("login " + token("ada"));
    assertThat(ada.hear())
        .anyMatch(line -> line.contains("\"welcome\"") && line.contains("\"room\":\"@ada\""));
    tell("@ada", "hello");
    assertThat(ada.heard()).containsExactly("hello");
  }

  @Test
  void the_inbox_does_not_count_against_the_rooms_that_a_client_may_listen_to() {
    server = new TestServer(1, config().with("limits.listeningRooms", 1));
    Guest ada = connected("ada", null);
    assertThat(ada.ask("listenToRoom attic")).contains("\"status\":\"OK\"");
    assertThat(ada.ask("listenToRoom cellar")).contains("too many rooms");
  }

  // --- sessions, and other servers -------------------------------------------------------------

  private static String session(String welcome) {
    return welcome.replaceAll(".*\"session\":\"([^\"]+)\".*", "$1");
  }

  private static Config resuming() {
    return config().with("general.resumeWindow", "30s").with("commonWeb.cookieSecret", "shared");
  }

  private void lose(Guest guest) {
    guest.loop.run(() -> guest.intake.gone());
    server.settle();
  }

  @Test
  void a_session_keeps_the_inbox_and_what_it_has_missed() {
    server = new TestServer(1, resuming());
    Guest ada = connected("ada", null);
    String session = session(ada.hear().getFirst());
    lose(ada);
    tell("@ada", "missed");
    for (String user : new String[] {null, "ada"}) {
      Guest again = user == null ? server.guest() : connected(user, null);
      again.hear();
      again.send("resume " + session);
      List<String> heard = again.hear();
      String answer =
          heard.stream().filter(line -> line.contains("\"id\":\"")).findFirst().orElseThrow();
      assertThat(answer).contains("{\"room\":\"@ada\",\"epoch\":\"");
      if (user == null) {
        assertThat(TestServer.texts(heard)).containsExactly("missed");
      }
      tell("@ada", "now");
      assertThat(again.heard()).containsExactly("now");
      session = session(answer);
      lose(again);
    }
  }

  @Test
  void a_client_that_logged_in_and_resumes_an_anonymous_session_keeps_its_inbox() {
    server = new TestServer(1, resuming());
    Guest anonymous = server.guest();
    anonymous.ask("roomAdd attic");
    anonymous.lines.clear();
    Guest first = server.guest();
    String session = session(first.hear().getFirst());
    first.ask("say hello");
    lose(first);
    Guest ada = connected("ada", null);
    ada.hear();
    assertThat(ada.ask("resume " + session)).contains("{\"room\":\"@ada\",\"epoch\":\"");
    tell("@ada", "hello");
    assertThat(ada.heard()).containsExactly("hello");
  }

  @Test
  void the_inbox_is_one_on_all_servers() throws Exception {
    var cluster = new TestCluster(resuming(), 2);
    Guest phone = connect(cluster.servers.get(0), Transport.TCP, Shown.token(token("ada")));
    cluster.settle();
    String welcome = phone.hear().getFirst();
    Guest laptop = connect(cluster.servers.get(1), Transport.TCP, Shown.token(token("ada")));
    cluster.settle();
    laptop.hear();
    tell(cluster.servers.get(1), "@ada", "one");
    cluster.settle();
    assertThat(phone.heard()).containsExactly("one");
    assertThat(laptop.heard()).containsExactly("one");
    phone.loop.run(() -> phone.intake.gone());
    cluster.settle();
    tell(cluster.servers.get(0), "@ada", "two");
    cluster.settle();
    Guest again = cluster.servers.get(1).guest();
    cluster.settle();
    again.hear();
    again.send("resume " + session(welcome));
    cluster.settle();
    assertThat(again.heard()).containsExactly("two");
    Guest third =
        connect(cluster.servers.get(1), Transport.TCP, request(token("ada"), cursor(welcome)));
    cluster.settle();
    List<String> heard = third.hear();
    assertThat(heard.getFirst()).contains("\"welcome\"");
    assertThat(TestServer.texts(heard)).containsExactly("one", "two");
  }

  // --- nobody else -----------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          roomChange @ada                            | Error: nobody can join @ada: it is the inbox of a user
          {"event":"roomAdd","room":"@ada"}          | Error: nobody can join @ada: it is the inbox of a user
          listenToRoom @ada                          | Error: only the user listens to @ada: it is an inbox
          {"event":"say","room":"@ada","message":"x"} | Error: you may not say anything in @ada: it is the inbox of a user
          {"event":"signal","room":"@ada","signal":1} | Error: you may not send signals in this room
          history @ada                               | Error: you are not in this room
          {"event":"roomView","room":"@ada"}         | Error: you are not in this room
          roomLeave @ada                             | Error: you are not in this room
          silenceRoom @ada                           | you are not listening to this room
          """)
  void the_inbox_of_somebody_else_is_refused(String request, String why) {
    server =
        new TestServer(
            1, config().with("rooms.rules", List.of("* join=anyone say=anyone listen=anyone")));
    Guest ada = connected("ada", null);
    ada.hear();
    Guest bob = connected("bob", null);
    bob.hear();
    assertThat(bob.ask(request)).contains(why);
    Guest anonymous = server.guest();
    anonymous.hear();
    assertThat(anonymous.ask(request)).contains(why);
    assertThat(bob.ask("detailsView"))
        .contains("\"rooms\":[\"defaultRoom\"]", "\"listening\":[\"@bob\"]");
    bob.hear();
    anonymous.hear();
    tell("@ada", "secret");
    assertThat(bob.hear()).isEmpty();
    assertThat(anonymous.hear()).isEmpty();
    assertThat(ada.heard()).containsExactly("secret");
  }

  @Test
  void a_token_for_a_room_opens_no_inbox() {
    Guest bob = server.guest();
    String token =
        server.earshot.api().chatRoom().privateRoom("@ada").token("bob", Duration.ofHours(1));
    assertThat(bob.ask("listenToRoom @ada token=" + token)).contains("only the user listens");
    assertThat(bob.ask("roomAdd @ada token=" + token)).contains("nobody can join @ada");
  }

  @Test
  void a_rule_that_names_inboxes_lets_others_say_there() {
    server =
        new TestServer(1, config().with("rooms.rules", List.of("@* say=user:bob", "* say=anyone")));
    Guest ada = connected("ada", null);
    ada.hear();
    Guest bob = connected("bob", null);
    bob.hear();
    assertThat(bob.ask("{\"event\":\"say\",\"room\":\"@ada\",\"message\":\"hi\"}"))
        .contains("\"status\":\"OK\"");
    assertThat(ada.hear())
        .singleElement()
        .asString()
        .contains("\"room\":\"@ada\"", "\"user\":{\"id\":\"bob\"");
    assertThat(ada.ask("{\"event\":\"say\",\"room\":\"@ada\",\"message\":\"me\"}"))
        .contains("you may not say anything in @ada");
  }

  @Test
  void a_cursor_that_is_none_is_refused() {
    Guest line = server.guest();
    assertThat(line.ask("login " + token("ada") + " inbox=x"))
        .contains("Error: inbox must be epoch:offset");
    assertThat(line.connection().user()).isNull();
    Guest handshake = connected("ada", "7");
    assertThat(handshake.finished).isTrue();
    assertThat(handshake.hear())
        .anyMatch(heard -> heard.contains("Error: inbox must be epoch:offset"));
  }
}
