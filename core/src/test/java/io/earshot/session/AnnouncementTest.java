package io.earshot.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.Config;
import io.earshot.spi.Ending;
import io.earshot.testing.Hub;
import io.earshot.testing.HubBroker;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A new connection is announced once it has sent a request or stayed for a moment, on a lone server
 * and in a cluster.
 */
final class AnnouncementTest {
  private static final String IN = "I have entered the room";
  private static final String OUT = "I have left the room";

  private final Hub hub = Hub.manual();
  private HubBroker broker = hub.broker();

  private TestServer server(boolean isCluster) {
    return server(isCluster, 1);
  }

  private TestServer server(boolean isCluster, int loops) {
    TestServer server =
        TestServer.announcing(loops, Config.defaults().with("general.resumeWindow", "20s"));
    if (isCluster) {
      server.earshot.join(broker);
      broker.connect();
    }
    return server;
  }

  /** Lets everything happen that is due, also between the server and the broker. */
  private void settle(TestServer server) {
    do {
      for (Runnable next : new Runnable[] {broker.asked.poll(), broker.told.poll()}) {
        if (next != null) {
          next.run();
        }
      }
      server.settle();
    } while (!hub.isIdle());
  }

  private Guest guest(TestServer server) {
    Guest guest = server.guest();
    settle(server);
    return guest;
  }

  private Guest member(TestServer server) {
    Guest guest = guest(server);
    pass(server, 200);
    guest.hear();
    return guest;
  }

  private void pass(TestServer server, int millis) {
    server.pass(Duration.ofMillis(millis));
    settle(server);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_connection_that_only_looks_is_neither_announced_nor_remembered(boolean isCluster) {
    TestServer server = server(isCluster);
    Guest here = member(server);
    for (int i = 0; i < 30; i++) {
      Guest check = guest(server);
      assertThat(check.hear()).as("the welcome comes at once").hasSize(1);
      pass(server, 150);
      if (i % 3 == 0) {
        check.loop.run(() -> check.intake.inputEnded(Ending.REQUESTED));
      } else if (i % 3 == 1) {
        check.loop.run(check.intake::gone);
      } else {
        check.send("quit");
      }
      settle(server);
    }
    pass(server, 500);
    assertThat(here.hear()).isEmpty();
    here.send("roomView");
    settle(server);
    assertThat(here.hear()).singleElement().asString().contains("\"membersCount\":1");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_connection_that_stays_is_announced_after_200_ms(boolean isCluster) {
    TestServer server = server(isCluster);
    Guest here = member(server);
    Guest first = guest(server);
    pass(server, 100);
    Guest second = guest(server);
    pass(server, 99);
    assertThat(here.heard()).isEmpty();
    here.send("roomView");
    settle(server);
    assertThat(here.hear())
        .singleElement()
        .asString()
        .as("whoever asks sees all")
        .contains("\"membersCount\":3");
    pass(server, 1);
    assertThat(here.heard()).containsExactly(IN);
    here.send("say to both");
    settle(server);
    assertThat(first.heard()).containsExactly("to both");
    assertThat(second.heard()).as("it receives messages at once").containsExactly(IN, "to both");
    pass(server, 120);
    assertThat(here.heard()).containsExactly(IN);
    assertThat(first.heard()).containsExactly(IN);
    first.loop.run(() -> first.intake.inputEnded(Ending.REQUESTED));
    settle(server);
    assertThat(here.heard()).containsExactly(OUT);
    assertThat(server.loops.getFirst().timers()).isLessThan(5);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void who_asks_at_once_is_announced_first(boolean isCluster) {
    TestServer server = server(isCluster);
    Guest here = member(server);
    Guest quick = server.guest();
    quick.send("say hi");
    settle(server);
    assertThat(here.heard()).containsExactly(IN, "hi");
    quick.hear();
    quick.send("roomView");
    settle(server);
    assertThat(quick.hear()).last().asString().contains("\"membersCount\":2");
    Guest later = guest(server);
    later.send("roomView");
    settle(server);
    assertThat(later.hear()).last().asString().contains("\"membersCount\":3");
    later.send("roomChange attic");
    settle(server);
    assertThat(here.heard()).containsExactly(IN, OUT);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_session_that_is_resumed_before_the_connection_is_announced_is_a_member(boolean isCluster) {
    TestServer server = server(isCluster);
    Guest here = member(server);
    Guest quick = guest(server);
    String session = TestServer.session(quick.hear().getFirst());
    Guest again = guest(server);
    again.send("resume " + session);
    settle(server);
    assertThat(again.hear()).last().asString().contains("\"recovered\":false");
    pass(server, 300);
    assertThat(here.heard()).containsExactly(IN);
    here.send("roomView");
    settle(server);
    assertThat(here.hear()).last().asString().contains("\"membersCount\":2");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_session_that_was_just_resumed_can_be_resumed_again(boolean isCluster) {
    TestServer server = server(isCluster);
    Guest here = member(server);
    Guest lost = guest(server);
    String session = TestServer.session(lost.hear().getFirst());
    pass(server, 200);
    here.hear();
    lost.loop.run(lost.intake::gone);
    settle(server);
    for (int i = 0; i < 3; i++) {
      Guest back = guest(server);
      back.send("resume " + session);
      settle(server);
      String answer = back.hear().getLast();
      assertThat(answer).contains("\"status\":\"OK\"");
      session = TestServer.session(answer);
      pass(server, 100);
      back.loop.run(back.intake::gone);
      settle(server);
    }
    assertThat(here.heard()).as("it was a member all the time").isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "false, 0, false",
    "false, 1, true",
    "true, 0, true",
    "true, 1, false",
    "true, 1, true"
  })
  void who_asks_at_once_who_is_there_is_there(boolean isCluster, int loop, boolean isConnected) {
    TestServer server = server(isCluster, 2); // the room is on one of them
    member(server);
    Guest quick = server.guest(loop, TestServer.Lines.TWO);
    if (isConnected) {
      settle(server);
    }
    quick.send("roomView");
    settle(server);
    assertThat(quick.hear()).last().asString().contains("\"membersCount\":2", quick.id());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void an_action_that_is_the_first_request_runs_when_its_client_is_a_member(int loop) {
    TestServer server = server(true, 2);
    var seen = new AtomicReference<String>();
    server
        .earshot
        .api()
        .actions()
        .add(
            new Action() {
              @Override
              public String name() {
                return "look";
              }

              @Override
              public void run(Call call) {
                seen.set(hub.members("defaultRoom").keySet().toString());
              }
            });
    Guest quick = server.guest(loop, TestServer.Lines.TWO);
    settle(server);
    quick.send("look");
    assertThat(server.earshot.api().actions().running()).isZero();
    settle(server);
    server.runUntil("the answer", () -> quick.lines.toString().contains("response"));
    assertThat(seen.get()).contains(quick.id());
  }
}
