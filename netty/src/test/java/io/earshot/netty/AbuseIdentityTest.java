package io.earshot.netty;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.StandIn;
import io.earshot.netty.testing.Attacks;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.HttpClient.Response;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.OnBoth;
import io.earshot.netty.testing.UnaffectedClients;
import java.net.URLEncoder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Attacks on the identity of clients: forged cookies, attributes, filters and senders. */
final class AbuseIdentityTest {
  @RegisterExtension static final Attacks attacks = new Attacks();

  private static final List<String> ODD_NAMES =
      List.of(
          "__proto__",
          "constructor",
          "class",
          "prototype",
          "toString",
          "hasOwnProperty",
          "hashCode",
          "null",
          "0",
          "$where",
          "../../etc/passwd",
          "%00",
          "a.b.c",
          "\u202Egnp.exe");

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\"", "\\\"");
  }

  private static String url(String text) {
    return URLEncoder.encode(text, UTF_8);
  }

  @Test
  void a_forged_cookie_does_not_give_a_client_the_id_of_another() throws Exception {
    attacks.run(
        Kind.LEAN_FRAMES,
        server -> {
          HttpClient victim = attacks.browser();
          String id = victim.get("/chat?method=messages").id();
          String cookie = victim.cookie("sessionID");
          Client speaker = attacks.client(Kind.LEAN_LINES);
          assertThat(speaker.ask(Attacks.say("for the victim"))).contains("OK");
          char last = cookie.charAt(79);
          for (String forged :
              List.of(
                  id,
                  id + id,
                  speaker.id(),
                  "planted",
                  cookie.substring(0, 79) + (last == '0' ? '1' : '0'),
                  "0".repeat(40) + cookie.substring(40))) {
            HttpClient thief = attacks.browser();
            thief.setCookie("sessionID", forged);
            Response stolen = thief.get("/chat?method=messages");
            assertThat(stolen.body()).contains("\"message\":null");
            assertThat(stolen.id()).isNotIn(id, forged);
            assertThat(thief.cookie("sessionID")).isNotEqualTo(forged).hasSize(80);
          }
          assertThat(victim.get("/chat?method=messages").body()).contains("for the victim");
        },
        "commonWeb.httpClientMessageTTL=1s");
  }

  @OnBoth
  void a_client_cannot_set_its_own_attributes(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          Client friend = attacks.client(kind);
          Client client = attacks.client(kind);
          server.api().connection(friend.id()).orElseThrow().set("auth", "true");
          client.ask("{\"event\":\"paramAdd\",\"key\":\"auth\",\"value\":\"true\"}");
          client.ask("{\"event\":\"say\",\"message\":\"x\",\"auth\":\"true\"}");
          client.ask("{\"action\":\"status\",\"params\":{\"auth\":\"true\"}}");
          var chatRoom = server.api().chatRoom();
          chatRoom
              .socketRoomBroadcast(
                  StandIn.in("defaultRoom").withId("bot").to("auth", "true"), "for friends")
              .toCompletableFuture()
              .join();
          chatRoom.socketRoomBroadcast(null, "for all").toCompletableFuture().join();
          assertThat(client.heard()).contains("for all");
          assertThat(List.of(friend.heard(), friend.heard()).toString()).contains("for friends");
        });
  }

  @OnBoth
  void odd_names_are_plain_names_and_match_no_member(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          Client client = attacks.client(kind);
          Client witness = attacks.client(kind);
          for (String name : ODD_NAMES) {
            String odd = escaped(name);
            assertThat(client.ask("{\"event\":\"" + odd + "\"}")).contains("error");
            assertThat(client.ask("{\"action\":\"" + odd + "\"}")).contains("error");
            client.ask("{\"event\":\"paramAdd\",\"key\":\"" + odd + "\",\"value\":\"x\"}");
            assertThat(client.ask("{\"event\":\"paramView\",\"key\":\"" + odd + "\"}"))
                .contains("\"x\"");
            assertThat(client.ask("{\"event\":\"paramsDelete\"}")).contains("OK");
            assertThat(
                    client.ask(
                        "{\"event\":\"say\",\"message\":\"aimed\",\"roomMatchKey\":\""
                            + odd
                            + "\",\"roomMatchValue\":\"x\"}"))
                .contains("OK");
            assertThat(client.ask("{\"event\":\"roomChange\",\"room\":\"" + odd + "\"}"))
                .contains("OK");
            assertThat(client.ask("{\"event\":\"roomChange\",\"room\":\"defaultRoom\"}"))
                .contains("OK");
            assertThat(attacks.curl().get("/" + url(name) + "?" + url(name) + "=1").status())
                .isIn(200, 400, 404);
          }
          assertThat(client.ask(Attacks.say("for all"))).contains("OK");
          assertThat(witness.heard()).contains("for all");
        });
  }

  @OnBoth
  void a_filter_ends_with_its_param_or_its_request(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          Client speaker = attacks.client(kind);
          Client witness = attacks.client(kind);
          speaker.ask(
              "{\"event\":\"say\",\"message\":\"1\",\"roomMatchKey\":\"id\",\"roomMatchValue\":\"-\"}");
          assertThat(speaker.ask(Attacks.say("2"))).contains("OK");
          assertThat(witness.heard()).contains("\"message\":\"2\"");
          speaker.ask("{\"event\":\"paramAdd\",\"key\":\"roomMatchKey\",\"value\":\"id\"}");
          speaker.ask("{\"event\":\"paramAdd\",\"key\":\"roomMatchValue\",\"value\":\"-\"}");
          assertThat(speaker.ask(Attacks.say("3"))).contains("OK");
          speaker.ask("{\"event\":\"paramsDelete\"}");
          assertThat(speaker.ask(Attacks.say("4"))).contains("OK");
          assertThat(witness.heard()).contains("\"message\":\"4\"");
          HttpClient browser = attacks.browser();
          browser.get("/chat?method=say&message=5&roomMatchKey=id&roomMatchValue=-");
          browser.get("/chat?method=say&message=6");
          assertThat(witness.heard()).contains("\"message\":\"6\"");
        });
  }

  @OnBoth
  void a_client_cannot_forge_the_fields_that_the_server_sets_in_a_message(Kind kind)
      throws Exception {
    attacks.run(
        kind,
        server -> {
          Client liar = attacks.client(kind);
          Client witness = attacks.client(kind);
          String id = liar.id();
          String forged =
              "\"from\":\"Earshot\",\"context\":\"api\",\"sentAt\":1,\"offset\":77,\"epoch\":\"x\"";
          liar.ask("{\"event\":\"say\",\"message\":\"lie\"," + forged + "}");
          assertThat(witness.heard())
              .contains("\"from\":\"" + id + "\"", "\"context\":\"user\"", "\"offset\":1,")
              .doesNotContain("\"sentAt\":1,", "\"epoch\":\"x\"");
          attacks
              .curl()
              .get("/chat?method=say&message=lie&from=Earshot&sentAt=1&offset=77&context=api");
          assertThat(witness.heard())
              .contains("\"context\":\"user\"", "\"offset\":2,")
              .doesNotContain("\"from\":\"Earshot\"", "\"sentAt\":1,");
        });
  }

  @OnBoth
  void a_client_cannot_speak_in_a_room_that_it_is_not_in(Kind kind) throws Exception {
    attacks.run(
        kind,
        server -> {
          Client client = attacks.client(kind);
          String into =
              "{\"event\":\"say\",\"message\":\"psst\",\"room\":\""
                  + UnaffectedClients.ROOM
                  + "\"}";
          for (int i = 0; i < 50; i++) {
            assertThat(client.ask(into)).contains("\"error\":\"Error: ").doesNotContain("OK");
          }
        });
  }
}
