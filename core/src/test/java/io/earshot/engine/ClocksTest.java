package io.earshot.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Target;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.spi.Visitor;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers whose wall clocks are set forward or back, or differ, while time goes on as always. */
final class ClocksTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private static TestServer server(String... settings) {
    Config config = TestServer.quiet();
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    return new TestServer(1, config);
  }

  private static String cursor(String json) {
    Matcher place = Pattern.compile("\"epoch\":\"(\\w+)\",\"offset\":(\\d+)").matcher(json);
    assertThat(place.find()).as(json).isTrue();
    return place.group(1) + ":" + place.group(2);
  }

  @ParameterizedTest
  @ValueSource(ints = {-3_600, -90, 90, 3_600})
  void rates_go_on_when_the_clock_is_set(int seconds) {
    TestServer server =
        server(
            "limits.messagesPerSecond=10",
            "limits.messageBurst=3",
            "limits.bytesPerSecond=1000",
            "rooms.messagesPerSecond=10",
            "rooms.rules=defaultRoom messagesPerSecond=10");
    Guest guest = server.guest();
    for (int i = 1; i <= 3; i++) {
      assertThat(guest.ask("say " + i)).contains("\"status\":\"OK\"");
    }
    server.setClock(Duration.ofSeconds(seconds));
    assertThat(guest.ask("say 4")).as("the bucket is as empty as before").contains("in 100 ms");
    guest.loop.run(() -> assertThat(guest.intake.received(100)).isFalse());
    server.pass(SECOND);
    assertThat(guest.ask("say 5")).contains("\"status\":\"OK\"");
    guest.loop.run(() -> assertThat(guest.intake.received(100)).isFalse());
  }

  @ParameterizedTest
  @ValueSource(ints = {-3_600, 3_600})
  void the_age_of_messages_and_ids_goes_on_when_the_clock_is_set(int seconds) {
    TestServer server = server("rooms.historyAge=60s", "general.repeatWindow=60s");
    Guest speaker = server.guest();
    String say = "{\"event\":\"say\",\"message\":\"one\",\"messageId\":\"m\"}";
    String first = cursor(speaker.ask("say zero"));
    String one = speaker.ask(say);
    server.setClock(Duration.ofSeconds(seconds));
    server.pass(Duration.ofSeconds(50));
    assertThat(cursor(speaker.ask(say))).as("said once").isEqualTo(cursor(one));
    Guest guest = server.guest();
    assertThat(guest.ask("roomChange defaultRoom after=" + first)).contains("\"recovered\":true");
    assertThat(guest.heard()).containsExactly("one");
    server.pass(Duration.ofSeconds(10));
    assertThat(guest.ask("roomChange defaultRoom after=" + first)).contains("\"recovered\":false");
    assertThat(cursor(speaker.ask(say))).as("said again").isNotEqualTo(cursor(one));
  }

  @ParameterizedTest
  @ValueSource(ints = {-3_600, 3_600})
  void http_clients_and_their_queues_last_as_long_when_the_clock_is_set(int seconds) {
    TestServer server = server("commonWeb.httpClientMessageTTL=30s");
    Guest speaker = server.guest();
    ask(server, "detailsView");
    speaker.ask("say hello");
    server.setClock(Duration.ofSeconds(seconds));
    server.pass(Duration.ofSeconds(20));
    assertThat(speaker.ask("roomView")).contains("\"membersCount\":2");
    assertThat(ask(server, "messages")).contains("hello");
    server.pass(Duration.ofSeconds(30));
    assertThat(speaker.ask("roomView")).contains("\"membersCount\":1");
  }

  private static String ask(TestServer server, String method) {
    var visitor = new Visitor("a".repeat(40), "defaultRoom", new InetSocketAddress(0));
    var answer = server.earshot.http().ask(visitor, "chat", Map.of("method", Json.of(method)));
    server.runUntil("an answer", answer::isDone);
    return answer.join().fields().toString();
  }

  @ParameterizedTest
  @ValueSource(ints = {-3_600, 3_600})
  void a_request_that_waits_ends_after_its_time_when_the_clock_is_set(int seconds) {
    TestServer server = server();
    Guest speaker = server.guest();
    speaker.ask("say zero");
    String end = cursor(speaker.ask("say one"));
    var waiting =
        server
            .earshot
            .http()
            .read(new ExcerptRequest("defaultRoom", Start.after(Cursor.parse(end)), 10), 10_000);
    server.settle();
    server.setClock(Duration.ofSeconds(seconds));
    server.pass(Duration.ofSeconds(9));
    assertThat(waiting).isNotDone();
    server.pass(Duration.ofSeconds(1));
    assertThat(waiting).isDone();
  }

  @ParameterizedTest
  @ValueSource(ints = {-3_600, 3_600})
  void a_mute_lasts_as_long_as_was_decided_when_the_clock_is_set(int seconds) {
    TestServer server = server();
    Guest guest = server.guest();
    var _ =
        server
            .earshot
            .api()
            .moderation()
            .mute(new Target.Id(guest.id()), null, Duration.ofSeconds(20), "");
    server.setClock(Duration.ofSeconds(seconds));
    server.pass(Duration.ofSeconds(19));
    assertThat(guest.ask("say hey")).contains("you are muted until");
    server.pass(SECOND);
    assertThat(guest.ask("say hey")).contains("OK");
  }

  // --- servers whose clocks differ -------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {-90, -6, 6, 90})
  void the_history_is_the_same_on_servers_whose_clocks_differ(int seconds) {
    var cluster = new TestCluster(TestServer.quiet().with("rooms.historyAge", "5s"), 1);
    cluster.add(Duration.ofSeconds(seconds));
    Guest speaker = cluster.guest(0, "192.0.2.1");
    cluster.guest(1, "192.0.2.2");
    speaker.send("say one");
    cluster.settle();
    String first = cursor(speaker.hear().getLast());
    speaker.send("say two");
    cluster.settle();
    cluster.pass(Duration.ofSeconds(4));
    cluster.add(Duration.ofSeconds(2L * seconds)); // reads the room from the broker
    for (int at = 0; at < 3; at++) {
      assertThat(recovered(cluster, at, first)).contains("two", "\"recovered\":true");
    }
    cluster.pass(SECOND);
    for (int at = 0; at < 3; at++) {
      assertThat(recovered(cluster, at, first)).contains("\"recovered\":false");
    }
  }

  private static String recovered(TestCluster cluster, int server, String after) {
    Guest guest = cluster.guest(server, "192.0.2.3");
    guest.send("roomChange defaultRoom after=" + after);
    cluster.settle();
    String heard = String.join("\n", guest.hear());
    guest.send("quit");
    cluster.settle();
    return heard;
  }

  @ParameterizedTest
  @ValueSource(ints = {-90, 90})
  void a_mute_holds_as_long_on_servers_whose_clocks_differ(int seconds) {
    var cluster = new TestCluster(TestServer.quiet(), 1);
    cluster.add(Duration.ofSeconds(seconds));
    Guest guest = cluster.guest(1, "192.0.2.2");
    cluster.done(
        cluster.moderation(0).mute(Target.address("192.0.2.2"), null, Duration.ofSeconds(20), ""));
    cluster.pass(Duration.ofSeconds(19));
    cluster.add(Duration.ofSeconds(2L * seconds)); // learns of the mute from the log
    Guest late = cluster.guest(2, "192.0.2.2");
    assertThat(said(cluster, guest)).contains("you are muted until");
    assertThat(said(cluster, late)).contains("you are muted until");
    assertThat(cluster.moderation(2).mutes()).isEqualTo(cluster.moderation(0).mutes());
    cluster.pass(SECOND);
    assertThat(said(cluster, guest)).contains("\"status\":\"OK\"");
    assertThat(said(cluster, late)).contains("\"status\":\"OK\"");
  }

  private static String said(TestCluster cluster, Guest guest) {
    guest.hear();
    guest.send("say hey");
    cluster.settle();
    return String.join("\n", guest.hear());
  }

  @Test
  void the_times_that_people_read_are_those_of_the_wall_clock() {
    TestServer server = server();
    Guest speaker = server.guest();
    Guest guest = server.guest();
    server.setClock(Duration.ofHours(-1));
    speaker.ask("say hey");
    long now = TestServer.NOW.minus(Duration.ofHours(1)).toEpochMilli();
    assertThat(guest.hear()).anyMatch(line -> line.contains("\"sentAt\":" + now));
    assertThat(server.guest().connection().connectedAt().toEpochMilli()).isEqualTo(now);
  }
}
