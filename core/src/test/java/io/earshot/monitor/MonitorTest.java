package io.earshot.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.protocol.Json;
import io.earshot.testing.TestCluster;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class MonitorTest {
  private static final Config CONFIG =
      TestServer.quiet().with("limits.listeningRooms", 2_000).with("limits.messagesPerSecond", 0);

  private TestServer server = new TestServer(2, CONFIG);
  private Monitor monitor = server.earshot.monitor();

  private void pass(int seconds) {
    for (int i = 0; i < seconds; i++) {
      server.pass(Duration.ofSeconds(1));
      monitor.sample();
    }
  }

  private static Json in(Json.Obj object, String... path) {
    Json found = object;
    for (String name : path) {
      found = ((Json.Obj) found).get(name);
    }
    assertThat(found).as(String.join(".", path)).isNotNull();
    return found;
  }

  private List<RoomLine> rooms(RoomQuery.Sort sort, String match, int limit) {
    CompletableFuture<List<RoomLine>> lines =
        monitor.rooms().find(new RoomQuery(sort, match, "", limit));
    server.settle();
    for (int i = 0; i < 100 && !lines.isDone(); i++) {
      server.pass(Duration.ofMillis(1));
      server.settle();
    }
    return lines.join();
  }

  private String problems() {
    return in(monitor.overview(0), "problems").toString();
  }

  @Test
  void rates_are_those_of_the_last_five_seconds() {
    Guest guest = server.guest();
    Guest other = server.guest();
    pass(1);
    assertThat(in(monitor.overview(0), "perSecond", "connects")).isEqualTo(Json.of(2));
    pass(9);
    for (int i = 0; i < 20; i++) {
      guest.ask("say " + i);
    }
    pass(5);
    Json.Obj overview = monitor.overview(0);
    assertThat(in(overview, "perSecond", "messages")).isEqualTo(Json.of(4));
    assertThat(in(overview, "perSecond", "deliveries")).isEqualTo(Json.of(4));
    assertThat(in(overview, "perSecond", "connects")).isEqualTo(Json.of(0));
    assertThat(in(overview, "connections", "tcp")).isEqualTo(Json.of(2));
    assertThat(in(overview, "uptimeSeconds")).isEqualTo(Json.of(15));
    assertThat(in(overview, "messages")).isEqualTo(Json.of(20));
    pass(5);
    assertThat(in(monitor.overview(0), "perSecond", "messages")).isEqualTo(Json.of(0));
    assertThat(other.heard()).hasSizeGreaterThan(19);
  }

  @Test
  void a_client_that_is_lost_and_may_resume_is_closed_and_comes_again() {
    server = new TestServer(1, CONFIG.with("general.resumeWindow", Duration.ofSeconds(30)));
    monitor = server.earshot.monitor();
    server.guest();
    Guest lost = server.guest();
    String session = TestServer.session(lost.lines.getFirst());
    pass(5);
    lost.loop.run(lost.intake::gone);
    pass(1);
    assertThat(in(monitor.overview(0), "perSecond", "closes")).isEqualTo(new Json.Num("0.2"));
    assertThat(in(monitor.overview(0), "connections", "tcp")).isEqualTo(Json.of(1));
    pass(5);
    server.guest().ask("resume " + session);
    pass(1);
    assertThat(in(monitor.overview(0), "perSecond", "connects")).isEqualTo(new Json.Num("0.2"));
    assertThat(in(monitor.overview(0), "connections", "tcp")).isEqualTo(Json.of(2));
  }

  @Test
  void a_room_that_a_server_of_a_cluster_opens_has_had_no_messages_for_it() {
    var cluster = new TestCluster(CONFIG, 2);
    Guest speaker = cluster.guest(0, "10.0.0.1");
    cluster.ask(speaker, "roomChange attic");
    for (int i = 0; i < 100; i++) {
      cluster.ask(speaker, "say " + i);
    }
    server = cluster.servers.getLast();
    monitor = server.earshot.monitor();
    cluster.guest(1, "10.0.0.3"); // so that the default room stays
    Guest late = cluster.guest(1, "10.0.0.2");
    late.send("roomChange attic"); // and the broker has not answered yet
    assertThat(rooms(RoomQuery.Sort.RATE, "attic", 1).getFirst().rate()).isEqualTo(-1);
    cluster.settle();
    server.pass(Duration.ofSeconds(3));
    assertThat(rooms(RoomQuery.Sort.RATE, "attic", 1).getFirst().rate()).isEqualTo(-1);
    cluster.ask(speaker, "say one");
    cluster.ask(speaker, "say two");
    cluster.ask(speaker, "say three");
    server.pass(Duration.ofSeconds(3));
    assertThat(rooms(RoomQuery.Sort.RATE, "attic", 1).getFirst().rate()).isBetween(0.5, 1.5);
  }

  @Test
  void the_course_of_15_minutes_is_kept_and_no_more() {
    pass(4);
    assertThat(in(monitor.history(0), "at")).isEqualTo(new Json.Array(List.of()));
    server.guest();
    pass(16 * 60);
    Json.Obj history = monitor.history(0);
    assertThat(((Json.Array) in(history, "connections")).items())
        .hasSize(180)
        .allMatch(Json.of(1)::equals);
    assertThat(in(history, "last")).isEqualTo(Json.of(192));
    assertThat(((Json.Array) in(monitor.history(190), "at")).items()).hasSize(2);
    assertThat(((Json.Array) in(monitor.history(1_000), "at")).items()).isEmpty();
  }

  @Test
  void rooms_are_found_with_their_rates_since_the_last_look() {
    Guest guest = server.guest();
    for (int i = 0; i < 1_300; i++) {
      guest.ask("listenToRoom room" + i);
    }
    assertThat(rooms(RoomQuery.Sort.RATE, "room", 2)).extracting(RoomLine::rate).containsOnly(-1.0);
    Guest other = server.guest();
    other.ask("roomChange room1234");
    for (int i = 0; i < 30; i++) {
      other.ask("say " + i);
    }
    server.pass(Duration.ofSeconds(3));
    RoomLine busiest = rooms(RoomQuery.Sort.RATE, "", 2).getFirst();
    assertThat(busiest.room()).isEqualTo("room1234");
    assertThat(busiest.rate()).isBetween(9.0, 10.0);
    assertThat(busiest.members()).isEqualTo(1);
    assertThat(rooms(RoomQuery.Sort.MEMBERS, "ROOM1", 1).getFirst().room()).isEqualTo("room1234");
    assertThat(rooms(RoomQuery.Sort.NAME, "oom124", 100)).hasSize(11);
    server.pass(Duration.ofSeconds(3));
    assertThat(rooms(RoomQuery.Sort.RATE, "room1234", 2).getFirst().rate()).isZero();
  }

  @Test
  void a_loop_looks_at_a_bounded_number_of_rooms_in_one_task() {
    server = new TestServer(1, CONFIG);
    monitor = server.earshot.monitor();
    Guest guest = server.guest();
    for (int i = 0; i < 3 * ShardScan.STEP; i++) {
      guest.ask("listenToRoom room" + i);
    }
    CompletableFuture<List<RoomLine>> lines =
        monitor.rooms().find(new RoomQuery(RoomQuery.Sort.NAME, "", "", 2_000));
    for (int steps = 1; steps <= 3; steps++) {
      server.settle();
      assertThat(lines).isNotDone();
      server.pass(Duration.ofMillis(1));
    }
    server.settle();
    assertThat(lines.join()).hasSize(3 * ShardScan.STEP + 1);
  }

  @Test
  void rooms_that_end_while_a_loop_looks_hide_no_other_room() {
    server = new TestServer(1, CONFIG.with("limits.emptyRooms", 0));
    monitor = server.earshot.monitor();
    Guest guest = server.guest();
    for (int i = 0; i < 2 * ShardScan.STEP; i++) {
      guest.ask("listenToRoom room" + i);
    }
    CompletableFuture<List<RoomLine>> lines =
        monitor.rooms().find(new RoomQuery(RoomQuery.Sort.NAME, "", "", 2_000));
    server.settle();
    for (int i = 0; i < 300; i++) {
      guest.ask("silenceRoom room" + i);
    }
    server.pass(Duration.ofMillis(1));
    server.settle();
    server.pass(Duration.ofMillis(1));
    server.settle();
    assertThat(lines.join()).extracting(RoomLine::room).contains("room300", "room499", "room999");
    assertThat(lines.join()).hasSizeGreaterThanOrEqualTo(2 * ShardScan.STEP - 300);
    assertThat(rooms(RoomQuery.Sort.NAME, "room", 2_000))
        .extracting(RoomLine::room)
        .hasSize(2 * ShardScan.STEP - 300 + 1) // and the default room
        .contains("room300", "room999")
        .doesNotContain("room299");
  }

  @Test
  void a_room_at_its_rate_limit_is_a_problem_for_a_minute() {
    server = new TestServer(2, CONFIG.with("rooms.rules", List.of("attic messagesPerSecond=1")));
    monitor = server.earshot.monitor();
    Guest guest = server.guest();
    guest.ask("roomChange attic");
    for (int i = 0; i < 50; i++) {
      guest.ask("say " + i);
    }
    pass(1);
    assertThat(problems()).contains("room attic refuses messages, its rate limit is reached");
    pass(59);
    assertThat(problems()).contains("room attic");
    pass(2);
    assertThat(problems()).doesNotContain("attic");
  }

  @Test
  void a_token_that_is_refused_is_a_problem_with_its_reason() {
    Guest guest = server.guest();
    guest.ask("roomChange attic token=abc");
    server.settle();
    pass(1);
    assertThat(problems()).doesNotContain("tokens of logins");
    var _ = server.earshot.http().checkLogin("not.a.token");
    pass(1);
    assertThat(problems()).contains("tokens of logins are refused: 1; the last because: ");
  }
}
