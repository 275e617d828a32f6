package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.testing.Await;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Clients whose requests, sessions and messages go to several servers. */
class ClusterClientTest extends ClusterFixture {
  @Test
  void an_http_client_that_alternates_between_servers_is_one_member() throws Exception {
    var web = new Web();
    RoomClient alice = client("alice", b, "web");
    RoomClient bob = client("bob", a, "web");
    web.get(a, "/chat/?method=roomChange&room=web");
    RoomClient.await("the client", () -> !alice.moves().isEmpty() && !bob.moves().isEmpty());
    List<Peer> turns = List.of(a, b);
    var said = new ArrayList<String>();
    var got = new ArrayList<String>();
    for (int i = 0; i < 20; i++) {
      String text = "m" + i;
      said.add(text);
      assertThat((i % 3 == 0 ? alice : bob).say(text).get("error")).isNull();
      if (i % 2 == 0) {
        got.addAll(web.messages(turns.get(i / 2 % 2)));
      }
    }
    for (int i = 0; got.size() < said.size() && i < 40; i++) {
      got.addAll(web.messages(turns.get(i % 2)));
    }
    assertThat(got).isEqualTo(said);
    assertThat(LineClient.encoded(web.get(b, "/chat/?method=messages")))
        .contains("\"message\":null");
    web.get(b, "/chat/?method=say&message=hi");
    web.get(a, "/chat/?method=say&message=ho");
    RoomClient.await(
        "what it says", () -> alice.received().stream().anyMatch(e -> e.text().equals("ho")));
    assertThat(
            alice.received().stream()
                .map(RoomClient.Received::text)
                .filter(each -> each.startsWith("h")))
        .containsExactly("hi", "ho");
    assertThat(alice.members()).hasSize(3).doesNotHaveDuplicates();
    assertThat(bob.members()).containsExactlyElementsOf(alice.members());
    assertThat(LineClient.encoded(web.get(a, "/chat/?method=roomView")))
        .contains("\"membersCount\":3");
  }

  /** A client with cookies. */
  private static final class Web {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private final Map<String, String> cookies = new HashMap<>();

    Json.Obj get(Peer peer, String path) throws Exception {
      var request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + peer.httpPort() + path))
              .timeout(Await.LIMIT);
      if (!cookies.isEmpty()) {
        request.header(
            "Cookie",
            String.join(
                "; ",
                cookies.entrySet().stream().map(e -> e.getKey() + "=" + e.getValue()).toList()));
      }
      HttpResponse<String> answer =
          HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
      for (String cookie : answer.headers().allValues("set-cookie")) {
        String[] pair = cookie.split(";", 2)[0].split("=", 2);
        cookies.put(pair[0], pair[1]);
      }
      var fields = (Json.Obj) Json.parse(answer.body());
      assertThat(fields.get("error")).as("%s of %s: %s", path, peer, answer.body()).isNull();
      return fields;
    }

    /** The next message, if there is one soon. */
    List<String> messages(Peer peer) throws Exception {
      Json.Obj answer = get(peer, "/chat/?method=messages&wait=1000");
      return answer.get("message") instanceof Json.Obj message
              && !JsonFields.text(message, "message").startsWith("I have ")
          ? List.of(JsonFields.text(message, "message"))
          : List.of();
    }
  }

  @Test
  void a_session_is_resumed_on_another_server() throws Exception {
    RoomClient stays = client("stays", b, "session");
    RoomClient moves = client("moves", a, "session");
    String id = moves.id();
    String session = JsonFields.text(moves.welcome(), "session");
    stays.say("before");
    RoomClient.await("before", () -> moves.received().size() == 1);
    Cursor known = moves.last();
    moves.cut();
    for (int i = 0; i < 5; i++) {
      stays.say("meanwhile " + i);
    }
    moves.connect(b);
    Json.Obj answer =
        moves.ask(
            Map.of(
                "event",
                "resume",
                "session",
                session,
                "after",
                Map.of("session", String.valueOf(known))));
    assertThat(LineClient.encoded(answer)).contains("\"status\":\"OK\"", "\"recovered\":true");
    stays.say("after");
    RoomClient.await(
        "after", () -> moves.received().stream().anyMatch(each -> each.text().equals("after")));
    assertThat(moves.received().stream().map(RoomClient.Received::text))
        .containsExactly(
            "before",
            "meanwhile 0",
            "meanwhile 1",
            "meanwhile 2",
            "meanwhile 3",
            "meanwhile 4",
            "after");
    assertThat(JsonFields.text(moves.ask(Map.of("event", "detailsView")), "data", "id"))
        .isEqualTo(id);
    assertThat(stays.members()).containsExactly(stays.id(), id);
    assertThat(stays.moves().stream().map(RoomClient.Received::text))
        .containsExactly("I have entered the room");
    moves.say("it is me");
    RoomClient.await("it is me", () -> stays.received().size() == 1);
    assertThat(stays.received().getFirst().from()).isEqualTo(id);
  }

  @Test
  void a_message_for_one_member_reaches_it_on_any_server() throws Exception {
    RoomClient speaker = client("speaker", a, "match");
    RoomClient meant = client("meant", b, "match");
    RoomClient other = client("other", b, "match");
    Json.Obj answer =
        speaker.ask(
            Map.of(
                "event", "say",
                "message", "for one",
                "roomMatchKey", "id",
                "roomMatchValue", meant.id()));
    assertThat(answer.get("error")).isNull();
    speaker.say("for all");
    RoomClient.await("all", () -> meant.received().size() == 2 && !other.received().isEmpty());
    assertThat(meant.received().stream().map(RoomClient.Received::text))
        .containsExactly("for one", "for all");
    assertThat(other.received().stream().map(RoomClient.Received::text)).containsExactly("for all");
  }
}
