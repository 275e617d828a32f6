package io.earshot.login;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Target;
import io.earshot.Transport;
import io.earshot.protocol.Json;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How a client logs in, and what it loses when its login ends. */
final class LoginTest extends LoginTestCase {

  private static final String OTHER =
      "Error: you are logged in as another user; log in on a new connection";

  @Test
  void a_client_logs_in_by_a_line_or_a_frame() {
    Guest ada = server.guest();
    assertThat(ada.connection().user()).isNull();
    String until = ",\"expiresAt\":" + TestServer.NOW.plusSeconds(300).toEpochMilli();
    assertThat(
            ada.ask("login " + token("ada")).replaceFirst("\"epoch\":\"\\w+\"", "\"epoch\":\"E\""))
        .isEqualTo(
            "{\"context\":\"response\",\"status\":\"OK\",\"user\":{\"id\":\"ada\",\"name\":\"ADA\"}"
                + until
                + ",\"inbox\":{\"room\":\"@ada\",\"epoch\":\"E\",\"offset\":0}"
                + ",\"messageCount\":1}");
    assertThat(ada.connection().attributes()).isEqualTo(Map.of("user", "ada", "identity", "ada"));
    Guest bob = server.guest();
    String frame = "{\"event\":\"login\",\"token\":\"" + token("bob") + "\",\"messageId\":7}";
    assertThat(bob.ask(frame)).contains("\"id\":\"bob\"", "\"messageId\":7");
    assertThat(bob.ask("login")).contains("Error: token is required to use the login method");
  }

  @Test
  void a_client_that_logs_in_first_is_announced_once_and_as_the_user() {
    server = TestServer.announcing(1, Config.defaults().with("tokens.keys", List.of(KEY)));
    Guest witness = server.guest();
    witness.send("detailsView");
    server.settle();
    witness.hear();
    Guest ada = server.guest();
    ada.send("login " + token("ada"));
    ada.send("say hi");
    server.settle();
    assertThat(witness.hear())
        .satisfiesExactly(
            join -> assertThat(join).contains("\"type\":\"join\"", "\"name\":\"ADA\""),
            hi -> assertThat(hi).contains("\"hi\"", "\"name\":\"ADA\""));
  }

  @Test
  void a_client_logs_in_as_it_connects() {
    Guest ada = connect(Shown.token(token("ada")));
    assertThat(ada.hear())
        .singleElement()
        .asString()
        .contains("\"welcome\"", "\"user\":{\"id\":\"ada\",\"name\":\"ADA\"}");
    assertThat(ada.connection().attributes()).containsEntry("user", "ada");
  }

  @Test
  void the_welcome_comes_before_the_notice_that_the_login_soon_ends() {
    assertThat(connect(Shown.token(token("ada", 10, Map.of()))).hear())
        .satisfiesExactly(
            first -> assertThat(first).contains("\"welcome\""),
            then -> assertThat(then).contains("\"status\":\"expiring\""));
  }

  @Test
  void claims_become_the_user_and_attributes_by_the_settings() {
    server =
        new TestServer(
            1,
            config()
                .with("users.idClaim", "uid")
                .with("users.nameClaim", "nick")
                .with("users.infoClaim", "about")
                .with("users.attributes", List.of("plan=subscription", "age = years"))
                .with("users.issuer", "https://id.example")
                .with("users.audience", "chat"));
    var claims =
        Map.<String, Object>of(
            "uid",
            42,
            "nick",
            "Ada",
            "about",
            Map.of("color", "red", "id", "forged"),
            "years",
            36,
            "subscription",
            "pro",
            "iss",
            "https://id.example",
            "aud",
            List.of("shop", "chat"));
    Guest ada = connect(Shown.token(token("not this", 60, claims)));
    assertThat(user(ada.connection()).json())
        .isEqualTo(Json.from(Map.of("id", "42", "name", "Ada", "color", "red")));
    assertThat(ada.connection().attributes())
        .isEqualTo(Map.of("user", "42", "identity", "42", "plan", "pro", "age", "36"));
    assertThat(
            server.guest().ask("login " + token("ada", 60, Map.of("iss", "https://evil.example"))))
        .contains("Error: this token is not valid: its claim iss is not https://id.example");
    assertThat(
            server
                .guest()
                .ask(
                    "login "
                        + token("ada", 60, Map.of("iss", "https://id.example", "aud", "shop"))))
        .contains("Error: this token is not valid: its claim aud is not chat");
    assertThat(
            server
                .guest()
                .ask(
                    "login "
                        + token("ada", 60, Map.of("iss", "https://id.example", "aud", "chat"))))
        .contains("Error: this token is not valid: it has no claim uid");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"sub":"ada","exp":1356999997}                              | Error: this token expired 3 s ago
          {"sub":"ada"}                                               | Error: this token is not valid: it has no claim exp
          {"sub":"ada","exp":9999999999,"nbf":1357000060}             | Error: this token is not valid before 2013-01-01T00:27:40Z
          {"exp":9999999999}                                          | Error: this token is not valid: it has no claim sub
          {"sub":{},"exp":9999999999}                                 | Error: this token is not valid: its claim sub is not a text
          {"sub":"","exp":9999999999}                                 | Error: this token is not valid: a user's id has 1 to 128 characters
          {"sub":"ada","name":"A\\nda","exp":9999999999}              | Error: this token is not valid: a user's name has no control characters
          {"sub":"ada","name":"\\u202eada","exp":9999999999}          | Error: this token is not valid: a user's name has no control characters
          {"sub":"ada","exp":9999999999,"room":"attic"}               | Error: this token is not valid: it is for a room, and a login has no claim room
          """)
  void a_login_that_is_not_valid_is_refused_with_the_reason(String claims, String why)
      throws Exception {
    String token =
        signed(
            ((Json.Obj) Json.parse(claims))
                .fields().entrySet().stream()
                    .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    Guest open = server.guest();
    open.ask("roomChange attic");
    assertThat(open.ask("login " + token)).contains(why);
    assertThat(open.connection().user()).isNull();
    assertThat(open.ask("say still here")).contains("\"status\":\"OK\"");
    Guest late = connect(Shown.token(token));
    assertThat(late.hear())
        .filteredOn(line -> line.contains("Bye!"))
        .singleElement()
        .asString()
        .contains(why);
    assertThat(late.finished).isTrue();
  }

  @Test
  void a_token_with_long_claims_is_refused_with_the_reason() {
    Guest ada = server.guest();
    String name = "a".repeat(10_000);
    assertThat(ada.ask("login " + token("ada", 60, Map.of("name", name))))
        .contains("Error: a token has at most 8192 characters");
    assertThat(connect(Shown.token(token("ada", 60, Map.of("name", name)))).hear())
        .anyMatch(line -> line.contains("characters, and at most 8192 are read"));
    assertThat(ada.ask("login " + token("ada", 60, Map.of("name", "a".repeat(200)))))
        .contains("a user's name has 1 to 128 characters");
    assertThat(ada.ask("login " + token("ada", 60, Map.of("info", Map.of("x", "a".repeat(3000))))))
        .contains("a user has at most 2048 bytes as JSON");
    assertThat(ada.connection().user()).isNull();
  }

  @Test
  void a_room_asks_for_a_token_of_its_own() {
    Guest ada = server.guest();
    assertThat(ada.ask("roomChange private.attic token=" + token("ada")))
        .contains("Error: this token is a login; a token for a room has the claims room and can");
  }

  @Test
  void a_second_login_renews_and_another_user_is_refused() {
    Guest ada = server.guest();
    ada.ask("roomChange attic");
    ada.ask("login " + token("ada"));
    assertThat(ada.ask("login " + token("bob"))).contains(OTHER);
    assertThat(ada.connection().attributes()).isEqualTo(Map.of("user", "ada", "identity", "ada"));
    assertThat(ada.ask("say still here")).contains("\"status\":\"OK\"");
    assertThat(ada.ask("login " + token("ada", 600, Map.of("name", "Countess"))))
        .contains(
            "\"name\":\"Countess\"",
            "\"expiresAt\":" + server.now().plusSeconds(600).toEpochMilli());
    assertThat(ada.ask("tokenRefresh " + token("ada", 900, Map.of("name", "Countess"))))
        .contains("\"expiresAt\":" + server.now().plusSeconds(900).toEpochMilli());
    // A token that ends earlier does not shorten the login.
    assertThat(ada.ask("login " + token("ada", 10, Map.of())))
        .contains("\"expiresAt\":" + server.now().plusSeconds(900).toEpochMilli());
  }

  @Test
  void of_two_logins_at_once_the_first_one_counts() {
    Guest ada = server.guest();
    ada.hear();
    ada.send("login " + token("ada"));
    ada.send("login " + token("bob"));
    assertThat(ada.hear()).element(0).asString().contains("\"id\":\"ada\"");
    assertThat(user(ada.connection()).id()).isEqualTo("ada");
  }

  // --- the end of a login ----------------------------------------------------------------------

  @Test
  void a_login_that_is_not_renewed_is_announced_and_then_ends() {
    server =
        new TestServer(
            1,
            config()
                .with("users.attributes", List.of("plan=plan"))
                .with(
                    "rooms.rules",
                    List.of("ada.* join=user:ada", "pro.* join=plan:pro", "open.* join=anyone")));
    Guest ada = server.guest();
    assertThat(ada.ask("roomAdd ada.1")).contains("Error: you may not join this room");
    ada.ask("login " + token("ada", 300, Map.of("plan", "pro")));
    for (String room : List.of("ada.1", "pro.1", "open.1")) {
      assertThat(ada.ask("{\"event\":\"roomAdd\",\"room\":\"" + room + "\"}")).contains("OK");
    }
    ada.hear();
    server.pass(Duration.ofSeconds(269));
    assertThat(ada.hear()).isEmpty();
    server.pass(Duration.ofSeconds(2));
    long end = TestServer.NOW.plusSeconds(300).toEpochMilli();
    assertThat(ada.hear())
        .containsExactly(
            "{\"context\":\"token\",\"status\":\"expiring\",\"expiresAt\":" + end + "}");
    server.pass(Duration.ofSeconds(30));
    assertThat(ada.hear())
        .containsExactly(
            "{\"context\":\"token\",\"status\":\"expired\"}",
            "{\"context\":\"token\",\"room\":\"@ada\",\"status\":\"expired\"}",
            "{\"context\":\"token\",\"room\":\"ada.1\",\"status\":\"expired\"}",
            "{\"context\":\"token\",\"room\":\"pro.1\",\"status\":\"expired\"}");
    assertThat(ada.connection().user()).isNull();
    assertThat(ada.connection().attributes()).isEmpty();
    assertThat(ada.ask("detailsView")).contains("\"rooms\":[\"defaultRoom\",\"open.1\"]");
    // Now it is nobody, and may be somebody else.
    assertThat(ada.ask("login " + token("bob"))).contains("\"id\":\"bob\"");
  }

  @Test
  void a_login_that_is_renewed_in_time_does_not_end() {
    Guest ada = connect(Shown.token(token("ada")));
    server.pass(Duration.ofSeconds(280));
    ada.ask("login " + token("ada"));
    ada.hear();
    server.pass(Duration.ofSeconds(200));
    assertThat(ada.hear()).isEmpty();
    assertThat(user(ada.connection()).id()).isEqualTo("ada");
    server.pass(Duration.ofSeconds(101));
    assertThat(ada.connection().user()).isNull();
  }

  @Test
  void a_renewal_without_an_attribute_leaves_the_rooms_that_need_it() {
    server =
        new TestServer(
            1,
            config()
                .with("users.attributes", List.of("plan=plan"))
                .with("rooms.rules", List.of("pro.* join=plan:pro", "ada.* join=user:ada")));
    Guest ada = connect(Shown.token(token("ada", 300, Map.of("plan", "pro"))));
    ada.ask("{\"event\":\"roomAdd\",\"room\":\"pro.1\"}");
    ada.ask("{\"event\":\"roomAdd\",\"room\":\"ada.1\"}");
    ada.ask("login " + token("ada", 300, Map.of("plan", "free")));
    assertThat(ada.connection().attributes()).containsEntry("plan", "free");
    assertThat(ada.ask("detailsView")).contains("\"rooms\":[\"defaultRoom\",\"ada.1\"]");
  }

  @Test
  void a_login_takes_the_place_of_the_identity_by_a_token_for_a_room() {
    server =
        new TestServer(1, config().with("rooms.rules", List.of("guests.* join=identity:guest")));
    var room = server.earshot.api().chatRoom().createPrivateRoom();
    Guest ada = server.guest();
    ada.ask(
        "{\"event\":\"roomAdd\",\"room\":\"%s\",\"token\":\"%s\"}"
            .formatted(room, room.token("guest", Duration.ofHours(1))));
    ada.ask("{\"event\":\"roomAdd\",\"room\":\"guests.1\"}");
    assertThat(ada.ask("detailsView")).contains("guests.1");
    ada.ask("login " + token("ada"));
    assertThat(ada.connection().attributes()).containsEntry("identity", "ada");
    assertThat(ada.ask("detailsView")).doesNotContain("guests.1").contains(room.name());
    // And no later token changes it.
    assertThat(ada.ask("tokenRefresh " + room.token("guest", Duration.ofHours(2)))).contains("OK");
    assertThat(ada.connection().attributes()).containsEntry("identity", "ada");
  }

  @Test
  void many_renewals_leave_few_timers() {
    Guest ada = server.guest();
    ada.ask("login " + token("ada"));
    for (int i = 0; i < 200; i++) {
      ada.ask("login " + token("ada", 300 + i, Map.of()));
      server.pass(Duration.ofSeconds(1));
    }
    server.pass(Duration.ofSeconds(61));
    assertThat(server.loops.getFirst().timers()).isLessThan(10);
  }

  // --- a login is required ---------------------------------------------------------------------

  @Test
  void where_a_login_is_required_a_client_is_in_no_room_before_it() {
    server = new TestServer(1, config().with("users.required", true));
    Guest ada = server.guest();
    assertThat(ada.hear())
        .singleElement()
        .asString()
        .contains("\"login\":\"required\"")
        .doesNotContain("\"room\":\"");
    for (String asked :
        List.of("say hello", "roomChange attic", "detailsView", "resume x", "status")) {
      assertThat(ada.ask(asked)).contains("Error: log in first: login TOKEN");
    }
    assertThat(ada.ask("login x.y.z")).contains("Error: this token is not valid");
    ada.hear();
    ada.send("login " + token("ada"));
    ada.send("say hello");
    List<String> heard = ada.hear();
    assertThat(heard.get(0)).contains("\"status\":\"OK\"", "\"user\":{\"id\":\"ada\"");
    assertThat(heard.get(1))
        .contains("\"welcome\"", "\"room\":\"defaultRoom\"", "\"user\":{\"id\":\"ada\"");
    assertThat(heard.get(2)).contains("\"status\":\"OK\"", "\"offset\"");
    server.pass(Duration.ofSeconds(20));
    assertThat(ada.finished).isFalse();
    // At its end the client is disconnected.
    server.pass(Duration.ofMinutes(5));
    assertThat(ada.hear().getLast()).contains("end 1008");
    assertThat(ada.finished).isTrue();
  }

  @Test
  void where_a_login_is_required_a_client_without_one_is_disconnected() {
    server = new TestServer(1, config().with("users.required", true));
    Guest silent = server.guest();
    server.pass(Duration.ofSeconds(9));
    assertThat(silent.finished).isFalse();
    server.pass(Duration.ofSeconds(2));
    assertThat(silent.finished).isTrue();
    assertThat(silent.hear()).anyMatch(line -> line.contains("Error: no login came within 10 s"));
    assertThat(server.earshot.api().connections()).isEmpty();
    Guest leaves = server.guest();
    assertThat(leaves.ask("quit")).contains("end 1000");
    // A stream sends nothing.
    Guest stream = connect(server, Transport.STREAM, Shown.token(null));
    assertThat(stream.hear()).anyMatch(line -> line.contains("Error: log in"));
    assertThat(stream.finished).isTrue();
  }

  // --- several connections of a user -----------------------------------------------------------

  @Test
  void a_user_has_only_so_many_connections() {
    server = new TestServer(1, config().with("users.connections", 3));
    List<Guest> three =
        IntStream.range(0, 3).mapToObj(_ -> connect(Shown.token(token("ada")))).toList();
    Guest fourth = connect(Shown.token(token("ada")));
    assertThat(fourth.hear())
        .anyMatch(line -> line.contains("Error: this user has too many connections"));
    assertThat(fourth.finished).isTrue();
    Guest open = server.guest();
    assertThat(open.ask("login " + token("ada"))).contains("Error: this user has too many");
    assertThat(open.ask("login " + token("bob"))).contains("OK");
    three.getFirst().ask("quit");
    assertThat(server.guest().ask("login " + token("ada"))).contains("OK");
  }

  @Test
  void ten_thousand_connections_of_a_user_are_a_thousand() {
    IntStream.range(0, 10_000).forEach(_ -> connect(Shown.token(token("ada", 3000, Map.of()))));
    assertThat(server.earshot.api().connections()).hasSize(1_000);
    assertThat(server.guest().ask("login " + token("bob"))).contains("OK");
  }

  @Test
  void a_ban_of_a_user_is_for_all_connections() throws Exception {
    Guest one = connect(Shown.token(token("ada")));
    Guest other = server.guest();
    other.ask("login " + token("ada"));
    Guest bob = connect(Shown.token(token("bob")));
    Target ada = Target.of(Json.parse("{\"user\":\"ada\"}"));
    var _ = server.earshot.api().moderation().ban(ada, Duration.ofHours(1), "rude");
    server.settle();
    assertThat(one.finished).isTrue();
    assertThat(other.finished).isTrue();
    assertThat(bob.finished).isFalse();
    Guest again = connect(Shown.token(token("ada")));
    assertThat(again.finished).isTrue();
    assertThat(again.hear()).anyMatch(line -> line.contains("rude"));
  }
}
