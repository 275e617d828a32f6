package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.engine.EngineInside;
import io.earshot.testing.HubBroker;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A client comes to a server that has lost touch with the broker, and knows messages that this
 * server does not know yet.
 */
final class AheadTest {
  private static final String ROOM = "attic";

  private final TestCluster cluster =
      new TestCluster(
          TestServer.quiet()
              .with("general.resumeWindow", Duration.ofSeconds(30))
              .with("commonWeb.cookieSecret", "the same for all of them"),
          2);
  private final HubBroker away = cluster.peers.getFirst();
  private final Guest stays = inRoom(0);
  private final Guest speaker = inRoom(1);

  private Guest inRoom(int server) {
    Guest guest = cluster.guest(server, "10.0.0." + (server + 1));
    cluster.ask(guest, "roomChange " + ROOM);
    return guest;
  }

  /** The first server loses the broker after the first message; the client has heard the fourth. */
  private String cursorOfFourth() {
    say("1");
    away.disconnect();
    cluster.settle();
    IntStream.rangeClosed(2, 4).forEach(i -> say(String.valueOf(i)));
    String cursor = cluster.ask(speaker, "roomView").replaceAll(EPOCH_AND_OFFSET, "$1:$2");
    assertThat(cursor).endsWith(":4");
    return cursor;
  }

  private static final String EPOCH_AND_OFFSET = "(?s).*\"epoch\":\"([^\"]*)\",\"offset\":(\\d+).*";

  private void say(String text) {
    speaker.send("say " + text);
    cluster.settle();
  }

  private void reconnect() {
    away.connect();
    cluster.settle();
  }

  @ParameterizedTest
  @ValueSource(strings = {"roomChange", "roomAdd", "listenToRoom"})
  void it_hears_from_just_after_its_cursor_once_the_server_has_reached_that(String verb) {
    String cursor = cursorOfFourth();
    Guest back = cluster.guest(0, "10.0.0.9");
    assertThat(cluster.ask(back, verb + " " + ROOM + " after=" + cursor))
        .contains("\"offset\":4", "\"recovered\":true");
    say("5");
    back.hear();
    reconnect();
    assertThat(back.heard()).containsExactly("5");
    assertThat(stays.heard()).endsWith("2", "3", "4", "5");
    say("6");
    assertThat(back.heard()).containsExactly("6");
  }

  @Test
  void it_hears_nothing_again_though_it_joins_while_it_listens_or_names_no_cursor_then() {
    String cursor = cursorOfFourth();
    Guest back = cluster.guest(0, "10.0.0.9");
    cluster.ask(back, "listenToRoom " + ROOM + " after=" + cursor);
    assertThat(cluster.ask(back, "roomAdd " + ROOM))
        .contains("\"offset\":4")
        .doesNotContain("recovered");
    reconnect();
    assertThat(back.heard()).isEmpty();
    say("5");
    assertThat(back.heard()).containsExactly("5");
  }

  @Test
  void it_is_forgotten_when_it_leaves_and_follows_what_it_says_when_it_comes_again() {
    String cursor = cursorOfFourth();
    Guest back = cluster.guest(0, "10.0.0.9");
    cluster.ask(back, "roomAdd " + ROOM + " after=" + cursor);
    cluster.ask(back, "roomLeave " + ROOM);
    reconnect();
    say("5");
    assertThat(back.heard()).isEmpty();
    assertThat(cluster.ask(back, "roomAdd " + ROOM + " after=" + cursor))
        .contains("\"recovered\":true");
    assertThat(back.heard()).containsExactly("5");
  }

  @Test
  void it_resumes_its_session_while_it_waits_with_or_without_a_cursor() {
    String cursor = cursorOfFourth();
    Guest first = cluster.guest(0, "10.0.0.9");
    String session = TestServer.session(first.lines.getFirst());
    cluster.ask(first, "roomAdd " + ROOM + " after=" + cursor);
    first.loop.run(first.intake::gone);
    cluster.settle();
    Guest second = cluster.guest(0, "10.0.0.9");
    String answer = cluster.ask(second, "resume " + session + " " + ROOM + "=" + cursor);
    assertThat(answer).contains("\"offset\":4,\"recovered\":true");
    Guest third = cluster.guest(0, "10.0.0.9");
    assertThat(cluster.ask(third, "resume " + TestServer.session(answer)))
        .contains("\"offset\":4,\"recovered\":false");
    reconnect();
    say("5");
    assertThat(third.heard()).containsExactly("5");
  }

  @Test
  void it_is_told_of_a_gap_without_what_it_knows_if_the_broker_has_forgotten_more() {
    String cursor = cursorOfFourth();
    Guest back = cluster.guest(0, "10.0.0.9");
    cluster.ask(back, "roomAdd " + ROOM + " after=" + cursor);
    back.hear();
    cluster.hub.maxRemembered = 10;
    IntStream.range(5, 300).forEach(i -> say(String.valueOf(i)));
    reconnect();
    List<String> lines = back.hear();
    assertThat(lines.getFirst()).contains("\"context\":\"gap\"", "\"from\":5,");
    assertThat(lines.stream().filter(line -> line.contains("\"gap\""))).hasSize(1);
    assertThat(TestServer.texts(lines)).endsWith("299").doesNotContain("4", "5");
  }

  @Test
  void it_is_told_of_a_gap_and_hears_the_room_if_its_cursor_is_of_no_message() {
    String cursor = cursorOfFourth();
    Guest back = cluster.guest(0, "10.0.0.9");
    cluster.ask(back, "roomAdd " + ROOM + " after=" + cursor.replaceAll("\\d+$", "1000000"));
    back.hear();
    reconnect();
    assertThat(back.lines).singleElement().asString().contains("\"gap\"", "\"from\":1,\"to\":4");
    back.hear();
    say("5");
    assertThat(back.heard()).containsExactly("5");
  }

  @Test
  void it_is_told_of_a_gap_if_the_broker_has_begun_another_epoch() {
    String cursor = cursorOfFourth();
    Guest back = cluster.guest(0, "10.0.0.9");
    cluster.ask(back, "roomAdd " + ROOM + " after=" + cursor);
    back.hear();
    cluster.peers.get(1).disconnect();
    cluster.settle();
    cluster.hub.rollBack(ROOM, 2);
    cluster.peers.get(1).connect();
    cluster.settle();
    say("missed");
    reconnect();
    assertThat(back.lines).singleElement().asString().contains("\"gap\"", "\"from\":1,\"to\":3");
    back.hear();
    say("after");
    assertThat(back.heard()).containsExactly("after");
  }

  @Test
  void nothing_is_kept_of_clients_that_come_and_go_meanwhile() {
    String cursor = cursorOfFourth();
    for (int i = 0; i < 3; i++) {
      Guest guest = cluster.guest(0, "10.0.0.9");
      cluster.ask(guest, "listenToRoom " + ROOM + " after=" + cursor);
      guest.send("quit");
      cluster.settle();
    }
    stays.send("quit");
    cluster.settle();
    reconnect();
    cluster.pass(Duration.ofMinutes(2));
    assertThat(
            EngineInside.rooms(cluster.servers.getFirst().earshot).shards().stream()
                .map(shard -> shard.roomIfAny(ROOM)))
        .containsOnlyNulls();
  }
}
