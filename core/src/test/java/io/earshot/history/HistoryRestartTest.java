package io.earshot.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rooms that a restarted server recovers, after a kill and after a clean stop. */
final class HistoryRestartTest extends HistoryFiles {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void messages_keep_their_places_after_a_restart(boolean kill) throws IOException {
    Path folder = temp.resolve("a/b");
    TestServer server = start(folder);
    String first = say(server.guest(), 4);
    if (!kill) {
      server.earshot.close();
    }
    TestServer again = start(kill ? kill(folder) : folder);
    assertThat(recovered(again, "attic", first)).containsExactly("2", "3", "4");
    Guest guest = again.guest();
    guest.ask("roomChange attic");
    assertThat(cursor(guest.ask("say 5"))).isEqualTo(first.replace(":1", ":5"));
    assertThat(recovered(again, "attic", first)).containsExactly("2", "3", "4", "5");
    TestServer third = start(kill(kill ? temp.resolve("copy0") : folder));
    assertThat(recovered(third, "attic", first)).containsExactly("2", "3", "4", "5");
  }

  @Test
  void audience_and_speaker_of_a_message_survive_a_restart() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest speaker = server.guest();
    String first = say(speaker, 1);
    speaker.ask("paramAdd roomMatchKey=auth");
    speaker.ask("paramAdd roomMatchValue=true");
    speaker.ask("say for some");
    speaker.ask("paramsDelete");
    speaker.ask("say for all");
    TestServer again = start(kill(folder));
    Guest friend = again.guest();
    friend.connection().set("auth", "true");
    friend.ask("roomChange attic after=" + first);
    assertThat(friend.heard()).containsExactly("for some", "for all");
    assertThat(recovered(again, "attic", first)).containsExactly("for all");
    Recovery.Remembered room = read(kill(folder)).getFirst();
    assertThat(room.entries).extracting(History.Entry::speaker).containsOnly(speaker.id());
  }

  @Test
  void offsets_continue_after_announcements_and_after_all_messages_are_forgotten()
      throws IOException {
    Path folder = temp.resolve("x");
    Config loud = config(folder).with("rooms.announcements", true);
    TestServer server = start(1, loud, DISK, TestServer.NOW);
    Guest guest = server.guest();
    say(guest, 3);
    server.pass(Duration.ofMinutes(3));
    Guest other = server.guest();
    String last = cursor(other.ask("roomChange attic"));
    assertThat(last).endsWith(":5");
    TestServer third = start(1, config(kill(folder)), DISK, server.now());
    assertThat(recovered(third, "attic", last)).isEmpty();
    refused(third, "attic", last.replace(":5", ":4"));
    Guest back = third.guest();
    back.ask("roomChange attic");
    assertThat(cursor(back.ask("say 6"))).isEqualTo(last.replace(":5", ":6"));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void the_number_of_loops_may_change_at_a_restart(int loops) throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(3, config(folder), DISK, TestServer.NOW);
    Guest guest = server.guest();
    var first = new TreeMap<String, String>();
    for (int i = 0; i < 20; i++) {
      guest.ask("roomChange room" + i);
      first.put("room" + i, cursor(guest.ask("say one")));
      guest.ask("say two");
    }
    TestServer again = start(loops, config(kill(folder)), DISK, TestServer.NOW);
    first.forEach(
        (room, after) -> assertThat(recovered(again, room, after)).containsExactly("two"));
  }

  @Test
  void a_dropped_room_stays_dropped_after_a_restart() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest guest = server.guest();
    String first = say(guest, 2);
    guest.ask("roomChange defaultRoom");
    server.pass(Duration.ofMinutes(5));
    assertThat(read(kill(folder))).isEmpty();
    refused(start(1, config(kill(folder)), DISK, server.now()), "attic", first);
  }

  @Test
  void age_and_limits_apply_to_recovered_messages() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest guest = server.guest();
    String first = say(guest, 3);
    TestServer later = start(1, config(kill(folder)), DISK, TestServer.NOW.plusSeconds(61));
    refused(later, "attic", first);
    assertThat(recovered(later, "attic", first.replace(":1", ":3"))).isEmpty();
    TestServer less =
        start(1, config(kill(folder)).with("rooms.historyMessages", 1), DISK, TestServer.NOW);
    refused(less, "attic", first);
    assertThat(recovered(less, "attic", first.replace(":1", ":2"))).containsExactly("3");
    guest.ask("roomChange cellar");
    String young = cursor(guest.ask("say young"));
    TestServer few =
        start(1, config(kill(folder)).with("limits.emptyRooms", 1), DISK, TestServer.NOW);
    assertThat(recovered(few, "cellar", young)).isEmpty();
    TestServer none =
        start(1, config(kill(folder)).with("limits.historyBytes", 0), DISK, TestServer.NOW);
    refused(none, "attic", first);
  }

  @Test
  void a_room_without_messages_begins_a_new_epoch_after_a_restart() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server =
        start(1, config(folder).with("rooms.announcements", true), DISK, TestServer.NOW);
    String joined = cursor(server.guest().ask("roomChange attic"));
    String answer = refused(start(kill(folder)), "attic", joined);
    assertThat(joined).doesNotStartWith(field(answer, "epoch"));
  }

  @Test
  void a_message_longer_than_a_file_is_not_recovered() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest guest = server.guest();
    String first = say(guest, 2);
    guest.ask("say " + "x".repeat(10_000));
    String last = cursor(guest.ask("say after"));
    TestServer again = start(kill(folder));
    refused(again, "attic", first);
    assertThat(recovered(again, "attic", last.replace(":4", ":3"))).containsExactly("after");
    assertThat(recovered(server, "attic", first)).hasSize(3);
  }
}
