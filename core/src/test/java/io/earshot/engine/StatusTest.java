package io.earshot.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.StandIn;
import io.earshot.action.ActionCall;
import io.earshot.action.ActionRunner;
import io.earshot.protocol.Json;
import io.earshot.spi.Refusals;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;

final class StatusTest {
  private final TestServer server = new TestServer(1, TestServer.quiet());
  private final Guest guest = server.guest();
  private long now = 7;
  private final Status status =
      new Status(
          server.earshot.parts.config,
          server.earshot.parts.rooms,
          server.earshot.parts.connections,
          new Refusals(),
          server.earshot.parts::cluster,
          () -> null,
          () -> now);

  /** The answer of the action, run on the only loop so that it does not wait for another. */
  private Map<String, Json> answer() {
    server.settle();
    var call =
        new ActionCall(
            server.earshot.api(),
            guest.connection(),
            Map.of(),
            new ActionRunner.Permit(new Semaphore(0)));
    server
        .loops
        .getFirst()
        .run(
            () -> {
              try {
                status.run(call);
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
    return call.answer();
  }

  @Test
  void uptime_is_the_time_since_the_start_by_the_clock() {
    assertThat(answer()).containsEntry("uptimeSeconds", Json.of(0));
    now += 90_000;
    assertThat(answer()).containsEntry("uptimeSeconds", Json.of(90));
  }

  @Test
  void rooms_count_while_they_have_members_or_listeners_and_messages_count_once_each() {
    Guest other = server.guest();
    assertThat(answer()).containsEntry("rooms", Json.of(1)).containsEntry("messages", Json.of(0));
    other.ask("roomChange attic");
    other.ask("listenToRoom cellar");
    assertThat(answer()).containsEntry("rooms", Json.of(3));
    guest.ask("listenToRoom attic");
    other.ask("say for both to hear");
    server.earshot.api().chatRoom().socketRoomBroadcast(StandIn.in("nowhere"), "for nobody yet");
    assertThat(answer()).containsEntry("rooms", Json.of(3)).containsEntry("messages", Json.of(2));
    other.ask("roomChange defaultRoom");
    other.ask("silenceRoom cellar");
    assertThat(answer()).containsEntry("rooms", Json.of(2));
    guest.ask("silenceRoom attic");
    assertThat(answer()).containsEntry("rooms", Json.of(1));
  }
}
