package io.earshot.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.disk.Disk;
import io.earshot.engine.EngineInside;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Folders that cannot be used, and files that are torn, damaged or not writable. */
final class DamagedHistoryTest extends HistoryFiles {
  @Test
  void two_servers_cannot_use_one_folder() {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    assertThatThrownBy(() -> EngineInside.recover(new TestServer(1, config(folder)).earshot, DISK))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("rooms.historyFolder: " + folder)
        .hasMessageContaining("another server");
    server.earshot.close();
    start(folder).earshot.close();
  }

  @Test
  void a_path_that_is_no_folder_is_refused() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    for (Path folder : List.of(file, file.resolve("x"))) {
      assertThatThrownBy(
              () -> EngineInside.recover(new TestServer(1, config(folder)).earshot, DISK))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("rooms.historyFolder: " + folder + " cannot be used: ");
    }
  }

  @Test
  void a_folder_of_another_version_is_refused_and_not_changed() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    say(server.guest(), 1);
    Path copy = kill(folder);
    Files.writeString(copy.resolve("current"), "earshot-history 2\n");
    assertThatThrownBy(() -> EngineInside.recover(new TestServer(1, config(copy)).earshot, DISK))
        .hasMessageContaining("another version");
    assertThat(log(copy)).exists();
  }

  @Test
  void an_unfinished_record_of_a_killed_process_is_ignored() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    String first = say(server.guest(), 3);
    byte[] log = Files.readAllBytes(log(folder));
    List<Integer> records = records(log);
    int last = records.get(records.size() - 2);
    for (int cut = last + 4; cut < records.getLast(); cut++) {
      byte[] torn = log.clone();
      Arrays.fill(torn, last, last + 4, (byte) 0);
      Arrays.fill(torn, cut, torn.length, (byte) 0);
      assertThat(lastOf(torn, false)).as("cut at %s", cut).isEqualTo(2);
      if (cut == last + 20) {
        Path copy = kill(folder);
        Files.write(log(copy), torn);
        TestServer again = start(copy);
        assertThat(recovered(again, "attic", first)).containsExactly("2");
        Guest guest = again.guest();
        guest.ask("roomChange attic");
        assertThat(cursor(guest.ask("say x"))).endsWith(":3");
      }
    }
  }

  @Test
  void a_record_torn_by_a_failure_of_the_machine_is_cut_off() throws IOException {
    Path folder = temp.resolve("x");
    Config forced = config(folder).with("rooms.historySync", "always");
    TestServer server = start(1, forced, DISK, TestServer.NOW);
    String first = say(server.guest(), 3);
    byte[] log = Files.readAllBytes(log(folder));
    List<Integer> records = records(log);
    int last = records.get(records.size() - 2);
    int end = records.getLast();
    while (log[end - 1] == 0) {
      end--;
    }
    var rebooted = new Disk(8 << 10, "restarted", Runnable::run);
    for (int cut = last; cut < end; cut++) {
      byte[] torn = log.clone();
      Arrays.fill(torn, Math.max(cut, last + 4), torn.length, (byte) 0);
      if (cut < last + 4) {
        Arrays.fill(torn, last, last + 4, (byte) 0);
      }
      assertThat(lastOf(torn, true)).as("cut at %s", cut).isEqualTo(2);
    }
    TestServer whole = start(1, config(kill(folder)), rebooted, TestServer.NOW);
    assertThat(recovered(whole, "attic", first)).containsExactly("2", "3");
  }

  @Test
  void rooms_begin_new_epochs_after_a_restart_of_the_machine_unless_the_run_was_closed()
      throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    String first = say(server.guest(), 3);
    for (String machine : List.of("restarted", "")) {
      var rebooted = new Disk(8 << 10, machine, Runnable::run);
      TestServer again = start(1, config(kill(folder)), rebooted, TestServer.NOW);
      assertThat(refused(again, "attic", first)).doesNotContain(first.replace(":1", ""));
    }
    server.earshot.close();
    var rebooted = new Disk(8 << 10, "restarted", Runnable::run);
    TestServer closed = start(1, config(kill(folder)), rebooted, TestServer.NOW);
    assertThat(recovered(closed, "attic", first)).containsExactly("2", "3");
  }

  @Test
  void a_flipped_bit_causes_neither_wrong_messages_nor_a_failed_start() throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    String first = say(server.guest(), 3);
    byte[] log = Files.readAllBytes(log(folder));
    List<Integer> records = records(log);
    for (int at = records.get(records.size() - 2); at < records.getLast() - 8; at++) {
      byte[] flipped = log.clone();
      flipped[at] ^= (byte) (1 << (at * 5 % 8));
      assertThatThrownBy(() -> lastOf(flipped, false)).hasMessageContaining("wrong record");
      if (at % 50 == 0) {
        Path copy = kill(folder);
        Files.write(log(copy), flipped);
        assertThat(refused(start(copy), "attic", first)).doesNotContain(first.replace(":1", ""));
      }
    }
  }

  @Test
  void rooms_continue_in_memory_when_files_cannot_be_written_and_begin_new_epochs_after_a_restart()
      throws IOException {
    Path folder = temp.resolve("x");
    TestServer server = start(folder);
    Guest guest = server.guest();
    String first = say(guest, 2);
    Path moved = Files.move(folder, temp.resolve("moved")); // no file can be created there now
    String last = first;
    for (int i = 0; i < 200; i++) {
      last = cursor(guest.ask("say " + i));
    }
    assertThat(last).endsWith(":202");
    assertThat(recovered(server, "attic", last.replace(":202", ":200")))
        .containsExactly("198", "199");
    TestServer again = start(kill(moved));
    refused(again, "attic", last);
    refused(again, "attic", first.replace(":1", ":100"));
    server.earshot.close();
    refused(start(kill(moved)), "attic", last);
  }
}
