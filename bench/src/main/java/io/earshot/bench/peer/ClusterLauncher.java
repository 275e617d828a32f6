package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.work.Transport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Earshot as one server of a cluster: every message goes through a Redis, which shares the
 * generator's core.
 *
 * <p>Immutable. The port was free when this was made.
 */
final class ClusterLauncher implements Launcher {
  private static final String REDIS = "redis-server";

  private final EarshotLauncher earshot = new EarshotLauncher(null);
  private final int port = Environment.freePort();

  @Override
  public String prepare(Environment environment) throws UnavailableException, InterruptedException {
    String version = earshot.prepare(environment);
    String redis = environment.run(REDIS, REDIS, "--version").strip();
    Path folder = environment.folderOf(REDIS);
    var command =
        List.of(
            REDIS,
            "--bind",
            "127.0.0.1",
            "--port",
            Integer.toString(port),
            "--save",
            "",
            "--appendonly",
            "no");
    try {
      environment.processes().start(command, folder, folder.resolve("server.log"));
    } catch (IOException e) {
      throw new UnavailableException(REDIS + " cannot be run: " + e.getMessage());
    }
    return version + ", " + redis.replaceFirst(" sha=.*", "");
  }

  @Override
  public List<String> command(
      Environment environment, Cell cell, Transport transport, int listenPort) {
    var command = new ArrayList<>(earshot.command(environment, cell, transport, listenPort));
    command.add("--redis");
    command.add("redis://127.0.0.1:" + port);
    return command;
  }
}
