package io.earshot.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.stats.Gauge;
import io.earshot.stats.Incidents;
import io.earshot.stats.Incidents.Incident;
import io.earshot.stats.LoopStats;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class ProblemsTest {
  private final Problems problems = new Problems();

  private List<String> texts() {
    return problems.all().stream().map(Problem::text).toList();
  }

  @Test
  void a_server_that_is_well_has_none() {
    problems.ofCluster(true, 3_000_000, -20);
    problems.ofHistory(true);
    problems.ofLoops(List.of(new LoopStats(() -> 0)));
    problems.ofMemory(50, 100);
    problems.ofIncidents(List.of());
    problems.ofRefusals(Map.of("idle", 4L, "tokens", 3L));
    assertThat(texts()).isEmpty();
  }

  @Test
  void each_problem_names_what_is_wrong_and_where_more_is_shown() {
    var late = new LoopStats(() -> 0);
    late.set(Gauge.LAG_NANOS, 340_000_000);
    problems.ofCluster(true, 312_000_000, 5_000);
    problems.ofHistory(false);
    problems.ofLoops(List.of(late));
    problems.ofMemory(99L << 20, 100L << 20);
    problems.ofRefusals(Map.of("messages", 1_204L));
    assertThat(texts())
        .containsExactly(
            "Redis answers slowly (312 ms): each message waits for it (redis-cli --latency)",
            "the clock of this server and that of Redis differ by 5,000 ms (use a time service)",
            "history is not written to the disk, and is lost with a restart (rooms.historyFolder;"
                + " the log says why)",
            "event loop 0 is late by 340 ms: the CPU is busy, or something blocks the loop",
            "the heap is nearly full: 99 of 100 MB are in use",
            "refused in the last minute by limits or rules: messages 1,204");
    assertThat(problems.all().getFirst().see()).isEqualTo("cluster");
  }

  @Test
  void while_redis_is_away_it_is_not_slow() {
    problems.ofCluster(false, 312_000_000, 0);
    assertThat(texts()).singleElement().asString().startsWith("Redis cannot be reached");
  }

  @Test
  void of_many_incidents_of_a_kind_the_most_frequent_are_named() {
    var incidents = new Incidents();
    for (int i = 0; i < 100; i++) {
      for (int j = 0; j <= i; j++) {
        incidents.note(Incident.ROOM_RATE, "room" + i, "");
      }
    }
    incidents.note(Incident.SLOW_ACTION, "report", "10000 ms");
    incidents.note(Incident.SLOW_HOOK, "say hook filter for *", "2003 ms");
    incidents.note(Incident.FAILED_ACTION, "report", "java.io.IOException: no database");
    incidents.note(Incident.FAILED_ACTION, "report", "x".repeat(10_000));
    incidents.note(Incident.FAILED_HOOK, "say hook filter for *", "java.io.IOException: away");
    assertThat(incidents.all()).hasSize(36);
    var recent = new RecentIncidents(incidents);
    recent.look(0);
    problems.ofIncidents(recent.all());
    assertThat(texts())
        .hasSize(9)
        .contains(
            "room room31 refuses messages, its rate limit is reached: 32 refused"
                + " (rooms.messagesPerSecond, rooms.rules)",
            "the action report took longer than 10000 ms and was interrupted: 1 call"
                + " (general.actionTimeout)",
            "the say hook filter for * is slow, clients wait for it: the last slow call took 2003 ms"
                + " (hooks.timeout)",
            "the action report fails: 2 calls; the last because: "
                + "x".repeat(200)
                + "… (the log has the stack trace)",
            "the say hook filter for * fails: 1 call; the last because: java.io.IOException: away (a"
                + " request whose hook fails is refused; the log has the stack trace)");
    assertThat(problems.all()).extracting(Problem::see).containsOnly("room", "log");
    recent.look(RecentIncidents.OVER);
    assertThat(recent.all()).isEmpty();
    assertThat(incidents.all()).isEmpty();
  }
}
