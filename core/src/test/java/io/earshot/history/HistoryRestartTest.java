package io.earshot.history;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.disk.Segment;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.protocol.User;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
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
    assertThat(room.history.entries())
        .extracting(History.Entry::speaker)
        .containsOnly(speaker.id());
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
    assertThat(recovered(third, "attic", last.replace(":5", ":4"))).isEmpty();
    refused(third, "attic", last.replace(":5", ":3"));
    Guest back = third.guest();
    back.ask("roomChange attic");
    assertThat(cursor(back.ask("say 6"))).isEqualTo(last.replace(":5", ":6"));
  }

  @Test
  void a_cursor_before_announcements_that_are_not_remembered_survives_a_restart()
      throws IOException {
    Path folder = temp.resolve("x");
    TestServer server =
        start(1, config(folder).with("rooms.announcements", true), DISK, TestServer.NOW);
    Guest guest = server.guest();
    String begin = cursor(guest.ask("roomChange attic")).replace(":1", ":0");
    server.guest().ask("roomChange attic");
    guest.ask("say first");
    TestServer again = start(kill(folder));
    assertThat(recovered(again, "attic", begin)).containsExactly("first");
    TestServer third = start(kill(temp.resolve("copy0")));
    for (int i = 0; i < 3; i++) {
      assertThat(recovered(third, "attic", begin)).containsExactly("first");
    }
  }

  /** Each message moves a room of a small log: so the rooms are in snapshots that lack some. */
  @Test
  void what_was_said_before_many_announcements_survives_a_restart() throws IOException {
    Path folder = temp.resolve("x");
    Config loud = config(folder).with("rooms.announcements", true);
    TestServer server = start(1, loud, disk(2 << 10), TestServer.NOW);
    Guest guest = server.guest();
    String first = say(guest, 4);
    Path copy = folder;
    for (int i = 0; i < 40; i++) {
      Guest other = server.guest();
      other.ask("roomChange attic");
      other.ask("quit");
      if (i % 10 == 9) {
        copy = kill(folder);
        assertThat(recovered(start(copy), "attic", first)).startsWith("2", "3", "4");
      }
    }
    TestServer again = start(kill(copy));
    assertThat(recovered(again, "attic", first)).startsWith("2", "3", "4");
    Guest back = again.guest();
    back.ask("roomChange attic");
    assertThat(cursor(back.ask("say 5"))).endsWith(":86");
  }

  @Test
  void an_announcement_that_is_not_kept_takes_nothing_with_it() throws IOException {
    Path folder = temp.resolve("x");
    Config small =
        config(folder).with("rooms.announcements", true).with("rooms.historyBytes", 4_000);
    TestServer server = start(1, small, DISK, TestServer.NOW);
    String first = say(server.guest(), 3);
    User long1500 = User.of("ada", "Ada", Map.of("about", Json.of("y".repeat(1_500))));
    server.guest(0, long1500, Transport.TCP).ask("roomChange attic");
    assertThat(recovered(server, "attic", first)).startsWith("2", "3");
    TestServer again =
        start(1, small.with("rooms.historyFolder", kill(folder)), DISK, server.now());
    assertThat(recovered(again, "attic", first)).startsWith("2", "3");
  }

  @Test
  void a_snapshot_of_an_earlier_version_is_read() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    String first = say(server.guest(), 3);
    Path later = kill(folder);
    start(later); // begins a log with a snapshot
    Path copy = kill(later);
    ByteBuffer log = ByteBuffer.wrap(Files.readAllBytes(log(copy)));
    int body = Segment.START + Segment.HEAD;
    int length = log.getInt(Segment.START) ^ Segment.IS_THERE;
    assertThat(log.get(body)).isEqualTo(Journal.SNAPSHOT);
    int offset = body + 1 + 2 * Integer.BYTES;
    log.put(body, Journal.WHOLE_SNAPSHOT).putLong(offset, log.getLong(offset) - 3);
    log.putInt(Segment.START + Integer.BYTES, Segment.checksum(new CRC32C(), log, body, length));
    Files.write(log(copy), log.array());
    TestServer again = start(copy);
    assertThat(recovered(again, "attic", first)).containsExactly("2", "3");
    Guest guest = again.guest();
    guest.ask("roomChange attic");
    assertThat(cursor(guest.ask("say 4"))).isEqualTo(first.replace(":1", ":4"));
  }

  @Test
  void who_returns_later_after_a_restart_gets_what_the_first_got() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    String last = say(server.guest(), 3).replace(":1", ":3");
    Config loud = config(kill(folder)).with("rooms.announcements", true);
    TestServer later = start(1, loud, DISK, TestServer.NOW.plusSeconds(61));
    Guest first = later.guest();
    assertThat(first.ask("roomChange attic after=" + last)).contains("\"recovered\":true");
    first.ask("say fresh");
    Guest second = later.guest();
    assertThat(second.ask("roomChange attic after=" + last)).contains("\"recovered\":true");
    assertThat(second.heard()).containsExactly("fresh");
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
  void a_message_of_a_clock_that_was_fast_is_recovered_and_ages_from_the_restart_on()
      throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest guest = server.guest();
    server.setClock(Duration.ofHours(1));
    String first = say(guest, 2);
    server.setClock(Duration.ofHours(-1));
    guest.ask("say 3");
    TestServer later = start(1, config(kill(folder)), DISK, TestServer.NOW.plusSeconds(30));
    assertThat(recovered(later, "attic", first)).containsExactly("2", "3");
    later.pass(Duration.ofSeconds(29));
    assertThat(recovered(later, "attic", first)).containsExactly("2", "3");
    later.pass(Duration.ofSeconds(1));
    refused(later, "attic", first);
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
  void who_returns_later_to_a_new_epoch_gets_a_gap_and_then_all_of_the_epoch() throws IOException {
    Path folder = temp.resolve("x");
    Config loud = config(folder).with("rooms.announcements", true);
    Guest before = start(1, loud, DISK, TestServer.NOW).guest();
    String joined = cursor(before.ask("roomChange attic"));
    TestServer again = start(1, config(kill(folder)), DISK, TestServer.NOW);
    Guest first = again.guest();
    first.ask("roomChange attic after=" + joined);
    first.ask("say one");
    first.ask("say two");
    for (String verb : List.of("roomChange", "listenToRoom")) {
      Guest second = again.guest();
      assertThat(second.ask(verb + " attic after=" + joined))
          .contains("\"recovered\":false", "\"offset\":0");
      assertThat(second.heard()).containsExactly("one", "two");
    }
    var reading =
        again
            .earshot
            .http()
            .read(new ExcerptRequest("attic", Start.after(Cursor.parse(joined)), 1), 10_000);
    again.settle();
    Excerpt page = reading.join();
    assertThat(page.recovered()).isFalse();
    assertThat(new String(page.messages().getFirst(), UTF_8)).contains("one");
    assertThat(page.next()).hasToString(cursor(first.ask("roomView")).replace(":2", ":1"));
    IntStream.range(0, 5).forEach(i -> first.ask("say more"));
    refused(again, "attic", joined); // not all of it is remembered
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
