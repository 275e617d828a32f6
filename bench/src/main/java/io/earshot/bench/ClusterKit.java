package io.earshot.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Earshot as one server of a cluster: every message goes through a Redis, which shares the
 * generator's core.
 *
 * <p>Immutable; the port is free when this is made.
 */
final class ClusterKit implements Kit {
  private static final String REDIS = "redis-server";

  private final EarshotKit alone = new EarshotKit();
  private final int port = freePort();

  private static int freePort() {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("no free port", e);
    }
  }

  @Override
  public String prepare(Workshop workshop) throws Unavailable, InterruptedException {
    String version = alone.prepare(workshop);
    String redis = workshop.run(REDIS, REDIS, "--version").strip();
    Path folder = workshop.folderOf(REDIS);
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
      workshop.children().start(command, folder, folder.resolve("server.log"));
    } catch (IOException e) {
      throw new Unavailable(REDIS + " cannot be run: " + e.getMessage());
    }
    return version + ", " + redis.replaceFirst(" sha=.*", "");
  }

  @Override
  public List<String> command(Workshop workshop, Cell cell, Transport transport, int door) {
    var command = new ArrayList<>(alone.command(workshop, cell, transport, door));
    command.add("--redis");
    command.add("redis://127.0.0.1:" + port);
    return command;
  }
}
