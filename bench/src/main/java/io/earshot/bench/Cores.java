package io.earshot.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/**
 * Which core is whose. The launcher has pinned this process to {@link #GENERATOR}, if it could.
 *
 * <p>Immutable.
 *
 * @param count how many the machine has
 * @param pinned whether servers are pinned too
 */
record Cores(int count, boolean pinned) {
  static final int GENERATOR = 1;

  static Cores find(int count) {
    try {
      boolean pinned =
          Files.readAllLines(Path.of("/proc/self/status")).stream()
              .anyMatch(line -> line.equals("Cpus_allowed_list:\t" + GENERATOR));
      return new Cores(count, pinned && count > 1);
    } catch (IOException _) {
      return new Cores(count, false);
    }
  }

  /** The command, such that its process runs on so many cores that are not the generator's. */
  List<String> pin(int wanted, List<String> command) {
    if (!pinned) {
      return command;
    }
    return taskset(serverCores(wanted), command);
  }

  /** The command, on any core: a child would be pinned as this process is. */
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
    // Too few: then the generator has to share its own.
    return more > 0 ? cores.append(',').append(GENERATOR).toString() : cores.toString();
  }

  /** The one core that a server is pinned to, if it is one. */
  OptionalInt ofServer(int wanted) {
    return pinned && wanted == 1 ? OptionalInt.of(0) : OptionalInt.empty();
  }

  String described() {
    return pinned
        ? "server on core 0 (one event loop), load generator on core 1, never asleep"
        : "NOT pinned (it takes Linux, taskset and two cores): server and load generator share"
            + " cores, and figures are not comparable";
  }
}
