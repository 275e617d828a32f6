package io.earshot.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.testing.Hub;
import io.earshot.testing.HubBroker;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Cursors of rooms that several servers share. */
final class ClusterCursorsTest {
  private final Hub hub = Hub.prompt();
  private final TestServer here = server();
  private final TestServer there = server();

  private TestServer server() {
    var server = new TestServer(1, Config.defaults().with("rooms.historyMessages", 5));
    HubBroker broker = hub.broker();
    server.earshot.join(broker);
    broker.connect();
    return server;
  }

  private void settle() {
    for (int i = 0; i < 5; i++) {
      here.settle();
      there.settle();
    }
  }

  private String ask(Guest guest, String line) {
    guest.send(line);
    settle();
    return guest.ask("roomView").replaceAll(".*\"epoch\":\"(.*?)\",\"offset\":(\\d+).*", "$1:$2");
  }

  private List<String> back(TestServer server, String after) {
    Guest back = server.guest();
    settle();
    back.send("listenToRoom attic after=" + after);
    settle();
    List<String> lines = back.hear();
    assertThat(lines).anySatisfy(line -> assertThat(line).contains("\"recovered\":true"));
    return TestServer.texts(lines);
  }

  @Test
  void a_cursor_recovers_over_announcements_whether_they_are_remembered_or_not() {
    Guest speaker = here.guest();
    String joined = ask(speaker, "roomChange attic");
    for (int i = 0; i < 5; i++) {
      Guest passing = here.guest();
      ask(passing, "roomChange attic");
      passing.loop.run(passing.intake::gone);
      settle();
    }
    ask(speaker, "say first");
    // This server has forgotten the first announcements, the other reads all of them.
    assertThat(back(here, joined)).contains("first");
    assertThat(back(there, joined)).contains("first");
    assertThat(back(here, joined.replaceAll("\\d+$", "0"))).contains("first");
  }
}
