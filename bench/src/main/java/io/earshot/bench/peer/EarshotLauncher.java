package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.work.Transport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Earshot, started as users start it.
 *
 * @param checkout another checkout than that of the bench; null for that of the bench
 */
record EarshotLauncher(@Nullable Path checkout) implements Launcher {
  private static final String NAME = "earshot";

  private String script(Environment environment) {
    Path root = checkout == null ? environment.root() : checkout.toAbsolutePath();
    return root.resolve("earshot").toString();
  }

  @Override
  public String prepare(Environment environment) throws UnavailableException, InterruptedException {
    String launcher = script(environment);
    // Builds Earshot if necessary. Otherwise the output of the build would be part of the version.
    environment.run(NAME, launcher, "config");
    String version = environment.run(NAME, launcher, "--version").strip();
    if (checkout == null) {
      return version;
    }
    String folder = checkout.toAbsolutePath().toString();
    String commit = environment.run(NAME, "git", "-C", folder, "rev-parse", "--short", "HEAD");
    return version + ", commit " + commit.strip();
  }

  @Override
  public List<String> command(Environment environment, Cell cell, Transport transport, int port) {
    boolean tcp = transport == Transport.TCP;
    var command =
        new ArrayList<>(
            List.of(
                script(environment),
                "serve",
                "--bind",
                "127.0.0.1",
                tcp ? "--tcp" : "--http",
                Integer.toString(port),
                tcp ? "--http" : "--tcp",
                "0",
                "--set",
                "general.eventLoops=" + cell.eventLoops()));
    var settings = new ArrayList<>(cell.settings());
    if (transport.isEncrypted()) {
      Path certificate = environment.certificate();
      settings.add("httpServer.secure=true");
      settings.add("httpServer.certFile=" + certificate.resolve(Environment.CERTIFICATE));
      settings.add("httpServer.keyFile=" + certificate.resolve(Environment.KEY));
    }
    if (transport == Transport.DEFLATE) {
      settings.add("webSockets.compression=batches");
    }
    for (String setting : settings) {
      command.add("--set");
      command.add(setting);
    }
    return command;
  }
}
