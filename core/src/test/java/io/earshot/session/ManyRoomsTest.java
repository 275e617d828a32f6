package io.earshot.session;

import static io.earshot.session.ResumeSteps.WINDOW;
import static io.earshot.session.ResumeSteps.config;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.engine.EngineInside;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import org.junit.jupiter.api.Test;

/** Clients that are in several rooms. */
final class ManyRoomsTest {
  private final TestServer server = new TestServer(2, ResumeSteps.config());
  private final Guest speaker = server.guest();

  @Test
  void a_client_in_several_rooms_names_the_room_of_each_message() {
    Guest guest = server.guest();
    Guest hall = server.guest();
    hall.ask("roomChange hall");
    assertThat(guest.ask("{\"event\":\"roomAdd\",\"room\":\"hall\"}"))
        .contains("\"room\":\"hall\"");
    assertThat(guest.ask("{\"event\":\"roomAdd\",\"room\":\"hall\"}"))
        .contains("you are already in this room");
    guest.ask("{\"event\":\"say\",\"room\":\"hall\",\"message\":\"there\"}");
    guest.ask("{\"event\":\"say\",\"message\":\"here\"}");
    assertThat(hall.heard()).containsExactly("there");
    assertThat(speaker.heard()).containsExactly("here");
    assertThat(hall.ask("roomView")).contains("\"membersCount\":2");
    hall.ask("say welcome");
    assertThat(guest.heard()).containsExactly("welcome");
    assertThat(guest.ask("{\"event\":\"roomView\",\"room\":\"hall\"}")).contains(hall.id());
    assertThat(guest.ask("{\"event\":\"roomView\",\"room\":\"attic\"}"))
        .contains("you are not in this room");
    assertThat(guest.ask("{\"event\":\"roomLeave\",\"room\":\"hall\"}"))
        .contains("\"room\":\"hall\"");
    assertThat(guest.ask("{\"event\":\"say\",\"room\":\"hall\",\"message\":\"x\"}"))
        .contains("you are not in this room");
    assertThat(hall.ask("roomView")).contains("\"membersCount\":1");
  }

  @Test
  void changing_to_a_room_that_was_added_makes_it_the_current_one() {
    Guest guest = server.guest();
    guest.ask("{\"event\":\"roomAdd\",\"room\":\"hall\"}");
    guest.ask("roomChange hall");
    assertThat(guest.ask("detailsView")).contains("\"rooms\":[\"hall\"]");
    assertThat(guest.ask("roomView")).contains("\"membersCount\":1");
    guest.loop.run(guest.intake::gone);
    server.pass(WINDOW);
    assertThat(EngineInside.rooms(server.earshot).shard("hall").roomIfAny("hall")).isNull();
  }

  @Test
  void the_number_of_rooms_of_a_client_is_limited() {
    var small = new TestServer(1, config().with("limits.rooms", 3));
    Guest guest = small.guest();
    guest.ask("{\"event\":\"roomAdd\",\"room\":\"a\"}");
    guest.ask("{\"event\":\"roomAdd\",\"room\":\"b\"}");
    assertThat(guest.ask("{\"event\":\"roomAdd\",\"room\":\"c\"}"))
        .contains("you are in too many rooms");
  }
}
