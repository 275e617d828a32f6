package io.earshot.bench;

import java.util.List;

/** The room server in C that is the limit. */
record BareKit() implements Kit {
  private static final String NAME = "bare";

  @Override
  public String prepare(Workshop workshop) throws Unavailable, InterruptedException {
    workshop.copySources(NAME);
    String compiler = workshop.run(NAME, "cc", "--version");
    workshop.run(NAME, "cc", "-O2", "-o", NAME, "bare.c");
    return compiler.lines().findFirst().orElse("cc") + " -O2";
  }

  @Override
  public List<String> command(Workshop workshop, Cell cell, Transport transport, int port) {
    return List.of(
        workshop.folderOf(NAME).resolve(NAME).toString(),
        Integer.toString(port),
        transport == Transport.TCP ? "tcp" : "ws");
  }
}
