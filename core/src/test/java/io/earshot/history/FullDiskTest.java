package io.earshot.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.disk.Disk;
import io.earshot.engine.EngineInside;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A disk without space, at a start and while the server runs. */
final class FullDiskTest extends HistoryFiles {
  private static final int SEGMENT = 8 << 10;
  private static final int CURRENT = 63;
  private static final long EMPTY = Long.MAX_VALUE;

  @SuppressWarnings("NullAway.Init") // set before each use by the tests
  private Path folder;

  private long capacity = EMPTY;

  private Disk disk() {
    return new Disk(
        SEGMENT,
        "here",
        Runnable::run,
        file -> {
          long needed = file.toString().endsWith(".log") ? SEGMENT : CURRENT;
          if (used() + needed > capacity) {
            throw new IOException("No space left on device");
          }
        });
  }

  private long used() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    }
  }

  private TestServer run(int loops, Path in) {
    folder = in;
    Config config = config(in).with("rooms.historyAge", "20s");
    return start(loops, config, disk(), TestServer.NOW);
  }

  private static boolean isStoring(TestServer server) {
    return EngineInside.isStoring(server.earshot);
  }

  @Test
  void a_start_needs_no_more_space_than_the_run_before_it() throws IOException {
    TestServer server = run(2, Files.createDirectory(temp.resolve("x")));
    String first = say(server.guest(), 3);
    Path left = kill(folder);
    folder = left;
    capacity = used();
    TestServer again = run(2, left);
    assertThat(isStoring(again)).isTrue();
    assertThat(recovered(again, "attic", first)).containsExactly("2", "3");
    Guest guest = again.guest();
    guest.ask("roomChange attic");
    guest.ask("say 4");
    assertThat(used()).isLessThanOrEqualTo(capacity);
    assertThat(recovered(run(2, kill(left)), "attic", first)).containsExactly("2", "3", "4");
  }

  @Test
  void a_start_without_any_space_serves_from_memory_and_stores_once_there_is_space()
      throws IOException {
    TestServer server = run(1, Files.createDirectory(temp.resolve("x")));
    String first = say(server.guest(), 3);
    Path left = kill(folder);
    capacity = 0;
    TestServer again = run(1, left);
    assertThat(isStoring(again)).isFalse();
    assertThat(recovered(again, "attic", first)).containsExactly("2", "3");
    Guest guest = again.guest();
    guest.ask("roomChange attic");
    guest.ask("say 4");
    // What is not stored must not be contradicted: the room begins a new epoch after a kill.
    refused(run(1, kill(left)), "attic", first);
    folder = left;
    again.pass(Duration.ofSeconds(15));
    String fifth = cursor(guest.ask("say 5"));
    guest.ask("say 6");
    capacity = EMPTY;
    again.pass(Duration.ofSeconds(6));
    assertThat(isStoring(again)).isTrue();
    guest.ask("say 7");
    assertThat(recovered(run(1, kill(left)), "attic", fifth)).containsExactly("6", "7");
  }

  @Test
  void a_disk_that_was_full_for_a_while_stores_history_again() throws IOException {
    TestServer server = run(1, Files.createDirectory(temp.resolve("x")));
    Path home = folder;
    Guest guest = server.guest();
    guest.ask("roomChange attic");
    capacity = used();
    while (isStoring(server)) {
      assertThat(guest.ask("say " + "x".repeat(1_000))).contains("OK");
    }
    guest.ask("roomChange cellar");
    String first = cursor(guest.ask("say 1"));
    guest.ask("say 2");
    server.pass(Duration.ofSeconds(2));
    assertThat(isStoring(server)).isFalse();
    assertThat(server.earshot.whyNotReady())
        .containsExactly("the history cannot be written to rooms.historyFolder");
    capacity = EMPTY;
    server.pass(Duration.ofSeconds(19));
    assertThat(isStoring(server)).isTrue();
    assertThat(server.earshot.whyNotReady()).isEmpty();
    guest.ask("say 3");
    TestServer again = run(1, kill(home));
    assertThat(cursor(again.guest().ask("roomChange cellar")))
        .startsWith(first.substring(0, first.indexOf(':')));
    server.earshot.close();
    assertThat(Files.readString(home.resolve("current"))).contains("closed true");
  }
}
