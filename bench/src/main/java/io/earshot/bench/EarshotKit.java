package io.earshot.bench;

import java.util.ArrayList;
import java.util.List;

/** Earshot as users start it. */
record EarshotKit() implements Kit {
  private static final String NAME = "earshot";

  @Override
  public String prepare(Workshop workshop) throws Unavailable, InterruptedException {
    String launcher = workshop.root().resolve("earshot").toString();
    // Builds what is missing; what a build says would be taken for a part of the version.
    workshop.run(NAME, launcher, "config");
    return workshop.run(NAME, launcher, "--version").strip();
  }

  @Override
  public List<String> command(Workshop workshop, Cell cell, Transport transport, int port) {
    boolean tcp = transport == Transport.TCP;
    var command =
        new ArrayList<>(
            List.of(
                workshop.root().resolve("earshot").toString(),
                "serve",
                "--bind",
                "127.0.0.1",
                tcp ? "--tcp" : "--http",
                Integer.toString(port),
                tcp ? "--http" : "--tcp",
                "0",
                "--set",
                "general.eventLoops=" + cell.eventLoops()));
    for (String setting : cell.settings()) {
      command.add("--set");
      command.add(setting);
    }
    return command;
  }
}
