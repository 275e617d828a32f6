package io.earshot.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The NATS server: the one on the PATH, or that of the Debian package, unpacked without being
 * installed.
 */
record NatsKit() implements Kit {
  private static final String NAME = "nats";
  private static final String SERVER = "nats-server";

  @Override
  public String prepare(Workshop workshop) throws Unavailable, InterruptedException {
    if (onPath() == null && !Files.isExecutable(unpacked(workshop))) {
      fetch(workshop);
    }
    return workshop.run(NAME, server(workshop), "--version").strip();
  }

  private static @Nullable String onPath() {
    for (String folder : String.valueOf(System.getenv("PATH")).split(":", -1)) {
      Path file = Path.of(folder, SERVER);
      if (Files.isExecutable(file)) {
        return file.toString();
      }
    }
    return null;
  }

  private static void fetch(Workshop workshop) throws Unavailable, InterruptedException {
    try {
      workshop.run(NAME, "apt-get", "-q", "download", SERVER);
    } catch (Unavailable e) {
      throw new Unavailable(
          "neither on the PATH nor to be fetched as a Debian package ("
              + e.getMessage()
              + "); try: sudo apt-get update, or install "
              + SERVER);
    }
    workshop.run(NAME, "sh", "-c", "dpkg -x " + SERVER + "_*.deb .");
  }

  private static Path unpacked(Workshop workshop) {
    return workshop.folderOf(NAME).resolve("usr/sbin").resolve(SERVER);
  }

  private static String server(Workshop workshop) {
    String there = onPath();
    return there == null ? unpacked(workshop).toString() : there;
  }

  @Override
  public List<String> command(Workshop workshop, Cell cell, Transport transport, int port) {
    return List.of(server(workshop), "-a", "127.0.0.1", "-p", Integer.toString(port));
  }
}
