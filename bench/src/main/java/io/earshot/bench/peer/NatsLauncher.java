package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.work.Transport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The NATS server: the one on the PATH, or the one in the Debian package, which is unpacked and not
 * installed.
 */
record NatsLauncher() implements Launcher {
  private static final String NAME = "nats";
  private static final String SERVER = "nats-server";

  @Override
  public String prepare(Environment environment) throws UnavailableException, InterruptedException {
    if (onPath() == null && !Files.isExecutable(unpacked(environment))) {
      fetch(environment);
    }
    return environment.run(NAME, server(environment), "--version").strip();
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

  private static void fetch(Environment environment)
      throws UnavailableException, InterruptedException {
    try {
      environment.run(NAME, "apt-get", "-q", "download", SERVER);
    } catch (UnavailableException e) {
      throw new UnavailableException(
          "not on the PATH, and the Debian package cannot be downloaded ("
              + e.getMessage()
              + "); try: sudo apt-get update, or install "
              + SERVER);
    }
    environment.run(NAME, "sh", "-c", "dpkg -x " + SERVER + "_*.deb .");
  }

  private static Path unpacked(Environment environment) {
    return environment.folderOf(NAME).resolve("usr/sbin").resolve(SERVER);
  }

  private static String server(Environment environment) {
    String installed = onPath();
    return installed == null ? unpacked(environment).toString() : installed;
  }

  @Override
  public List<String> command(Environment environment, Cell cell, Transport transport, int port) {
    return List.of(server(environment), "-a", "127.0.0.1", "-p", Integer.toString(port));
  }
}
