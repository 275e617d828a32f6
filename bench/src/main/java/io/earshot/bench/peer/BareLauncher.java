package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.load.Transport;
import java.util.List;

/** The minimal room server in C, which shows the limit of the machine. */
record BareLauncher() implements Launcher {
  private static final String NAME = "bare";

  @Override
  public String prepare(Environment environment) throws UnavailableException, InterruptedException {
    environment.copySources(NAME);
    String compiler = environment.run(NAME, "cc", "--version");
    environment.run(NAME, "cc", "-O2", "-o", NAME, "bare.c");
    return compiler.lines().findFirst().orElse("cc") + " -O2";
  }

  @Override
  public List<String> command(Environment environment, Cell cell, Transport transport, int port) {
    return List.of(
        environment.folderOf(NAME).resolve(NAME).toString(),
        Integer.toString(port),
        transport == Transport.TCP ? "tcp" : "ws");
  }
}
