package io.earshot.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.Api;
import io.earshot.StandIn;
import io.earshot.client.EarshotException;
import io.earshot.protocol.Json;
import java.net.URI;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@EarshotTest
class EarshotTestTest {
  @BeforeEach
  void addAction(Api api) {
    api.actions()
        .add(
            Action.of("double", call -> call.put("twice", call.text("n").repeat(2)))
                .withRequired("n"));
  }

  @Test
  void a_method_before_the_test_prepares_the_server_of_the_test(EarshotTestServer server) {
    assertThat(server.client().action("double", Map.of("n", "ab")))
        .containsEntry("twice", Json.of("abab"));
  }

  @Test
  void cut_clients_come_back_and_miss_nothing(EarshotTestServer server) {
    TestClient ada = server.client().join("attic");
    TestClient bob = server.client(server.tcp(), builder -> {}).join("attic");
    String before = ada.id();
    for (int i = 0; i < 20; i++) {
      if (i % 5 == 0) {
        server.cutAll();
      }
      ada.say("attic", "message " + i);
    }
    bob.await("attic", "message 19");
    assertThat(bob.heardIn("attic"))
        .containsExactlyElementsOf(IntStream.range(0, 20).mapToObj(i -> "message " + i).toList());
    assertThat(ada.id())
        .as("no close frame, and no session: a new connection")
        .isNotEqualTo(before);
    server.assertNoGap();
  }

  @Test
  void after_a_restart_the_ports_are_the_same_and_clients_are_back(EarshotTestServer server) {
    TestClient ada = server.client("ada").join("attic");
    TestClient bob = server.client("bob").join("attic");
    ada.say("attic", "before");
    bob.await("attic", "before");
    URI at = server.webSocket();
    Api first = server.api();
    server.restart();
    assertThat(server.webSocket()).isEqualTo(at);
    assertThat(server.api()).isNotSameAs(first);
    bob.say("attic", "after");
    assertThat(Objects.requireNonNull(ada.await("attic", "after").user()).id()).isEqualTo("bob");
    server.assertNoGap();
  }

  @Test
  void a_user_has_an_inbox(EarshotTestServer server) {
    TestClient ada = server.client("ada");
    var unused =
        server
            .api()
            .chatRoom()
            .socketRoomBroadcast(new StandIn("@ada", Json.of("shop"), null), "psst");
    assertThat(ada.awaitInbox("psst").from()).isEqualTo("shop");
  }

  /** Without a history the server cannot send what was missed, and says so. */
  @Test
  @EarshotTest("rooms.historyMessages=0")
  void missing_messages_of_which_the_client_was_told_are_no_gap(EarshotTestServer server) {
    TestClient ada = server.client().join("attic");
    TestClient bob = server.client().join("attic");
    server.cutAll();
    ada.say("attic", "perhaps missed");
    ada.say("attic", "too");
    bob.say("attic", "end");
    ada.await("attic", "end");
    server.assertNoGap();
  }

  @Test
  @EarshotTest("rooms.rules=staff.* join=nobody")
  void settings_of_the_annotation_count(EarshotTestServer server) {
    TestClient ada = server.client();
    assertThatThrownBy(() -> ada.join("staff.room")).isInstanceOf(EarshotException.class);
    assertThatThrownBy(() -> ada.say("staff.room", "?")).hasMessageContaining("call join first");
  }

  @Test
  void a_wrong_setting_says_what_to_write() {
    assertThatThrownBy(() -> EarshotTestServer.start("tcpServer.prot=1"))
        .hasMessageContaining("the nearest is 'tcpServer.port'");
    assertThatThrownBy(() -> EarshotTestServer.start("tcpServer.port"))
        .hasMessageContaining("PATH=VALUE");
  }
}
