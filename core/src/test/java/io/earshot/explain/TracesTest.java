package io.earshot.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.RefusedException;
import io.earshot.events.Trace;
import io.earshot.protocol.Json;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Live traces of a room, a user or a connection. */
final class TracesTest extends ExplainTestCase {

  private Trace begin(Trace.Subject subject, int seconds) throws RefusedException {
    Trace trace =
        Objects.requireNonNull(
            server.earshot.traces().find(server.earshot.traces().begin(subject, seconds)));
    server.settle();
    return trace;
  }

  private static List<String> taken(Trace trace) {
    var taken = new ArrayList<String>();
    boolean isOver = trace.take(event -> taken.add(String.valueOf(event.get("event"))));
    taken.replaceAll(text -> text.replaceAll("Text\\[value=(.*)]", "$1"));
    if (isOver) {
      taken.add("over");
    }
    return taken;
  }

  @Test
  void a_trace_of_a_room_has_its_members_and_messages_and_ends_by_itself() throws Exception {
    Guest speaker = speaker("cellar");
    Trace trace = begin(new Trace.Subject("attic", null, null), 60);
    Guest bob = bob("attic");
    bob.ask("say one");
    speaker.ask("say in another room");
    assertThat(taken(trace)).containsExactly("joined", "subscribed", "message");
    server.pass(Duration.ofSeconds(60));
    bob.ask("say two");
    assertThat(taken(trace)).containsExactly("over");
  }

  @Test
  void a_trace_of_a_user_has_the_messages_of_its_rooms() throws Exception {
    Guest bob = bob("attic");
    Guest speaker = speaker("attic");
    Trace trace = begin(new Trace.Subject(null, "u7", null), 60);
    speaker.ask("say one");
    bob.ask("roomChange cellar");
    speaker.ask("say two");
    // The two rooms may be on different loops.
    assertThat(taken(trace))
        .containsExactlyInAnyOrder("message", "left", "unsubscribed", "joined", "subscribed");
  }

  @Test
  void events_that_nobody_reads_are_counted_and_dropped() throws Exception {
    Guest bob = bob("attic");
    Trace trace = begin(new Trace.Subject(null, null, bob.id()), 60);
    for (int i = 0; i < 1_500; i++) {
      bob.send("say " + i);
    }
    server.settle();
    var last = new ArrayList<Json.Obj>();
    trace.take(last::add);
    assertThat(last).hasSize(1_001);
    assertThat(String.valueOf(last.getLast())).contains("dropped", "500");
  }

  @Test
  void there_are_ten_traces_at_most_and_one_that_has_ended_makes_room() throws Exception {
    Traces traces = server.earshot.traces();
    String first = traces.begin(new Trace.Subject("attic", null, null), 60);
    for (int i = 1; i < 10; i++) {
      traces.begin(new Trace.Subject("attic", null, null), 60);
    }
    assertThatThrownBy(() -> traces.begin(new Trace.Subject("attic", null, null), 60))
        .isInstanceOf(RefusedException.class)
        .hasMessage(
            "there are 10 traces already, the most at once; each ends by itself after its seconds");
    traces.end(first);
    traces.begin(new Trace.Subject("attic", null, null), 60);
    server.settle();
    server.pass(Duration.ofMinutes(2));
    assertThat(traces.find(first)).isNull();
  }
}
