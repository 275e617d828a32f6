package io.earshot.bench.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Assigns cores to processes. The script that starts the bench pins this process to {@link
 * #GENERATOR} if it can.
 *
 * <p>Immutable.
 *
 * @param count how many cores the machine has
 * @param pinned whether processes are pinned to cores
 */
public record Cores(int count, boolean pinned) {
  static final int GENERATOR = 1;

  public static Cores find(int count) {
    try {
      boolean pinned =
          Files.readAllLines(Path.of("/proc/self/status")).stream()
              .anyMatch(line -> line.equals("Cpus_allowed_list:\t" + GENERATOR));
      return new Cores(count, pinned && count > 1);
    } catch (IOException _) {
      return new Cores(count, false);
    }
  }

  /** The command, changed to run on so many cores other than the generator's. */
  public List<String> pin(int wanted, List<String> command) {
    if (!pinned) {
      return command;
    }
    return taskset(serverCores(wanted), command);
  }

  /** The command, changed to run on any core: a child inherits the pinning of this process. */
  List<String> unpin(List<String> command) {
    return pinned ? taskset("0-" + (count - 1), command) : command;
  }

  private static List<String> taskset(String cores, List<String> command) {
    var pinnedCommand = new ArrayList<>(List.of("taskset", "-c", cores));
    pinnedCommand.addAll(command);
    return pinnedCommand;
  }

  private String serverCores(int wanted) {
    var cores = new StringBuilder("0");
    int more = wanted - 1;
    for (int core = GENERATOR + 1; core < count && more > 0; core++, more--) {
      cores.append(',').append(core);
    }
    // Without enough cores the server shares the generator's.
    return more > 0 ? cores.append(',').append(GENERATOR).toString() : cores.toString();
  }

  /** The core that a server is pinned to, if it is pinned to one. */
  public OptionalInt ofServer(int wanted) {
    return pinned && wanted == 1 ? OptionalInt.of(0) : OptionalInt.empty();
  }

  public String described() {
    return pinned
        ? "server on core 0 (one event loop), load generator on core 1, which never sleeps"
        : "NOT pinned (this needs Linux, taskset and two cores): server and load generator share"
            + " cores, and results are not comparable";
  }
}
