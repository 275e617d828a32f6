package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.work.Transport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The minimal room server in C, which shows the limit of the machine.
 *
 * @param answers whether it answers each message to its sender, as Earshot does
 */
record BareLauncher(boolean answers) implements Launcher {
  private static final String NAME = "bare";

  @Override
  public String prepare(Environment environment) throws UnavailableException, InterruptedException {
    environment.copySources(NAME);
    String compiler = environment.run(NAME, "cc", "--version");
    environment.run(NAME, "cc", "-O2", "-o", NAME, "bare.c");
    return compiler.lines().findFirst().orElse("cc") + " -O2";
  }

  static Path program(Environment environment) {
    return environment.folderOf(NAME).resolve(NAME);
  }

  @Override
  public List<String> command(Environment environment, Cell cell, Transport transport, int port) {
    var command =
        new ArrayList<>(
            List.of(
                program(environment).toString(),
                Integer.toString(port),
                transport == Transport.TCP ? "tcp" : "ws"));
    if (answers) {
      command.add("answers");
    }
    return command;
  }
}
