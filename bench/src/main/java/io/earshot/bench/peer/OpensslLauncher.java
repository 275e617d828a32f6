package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.work.Transport;
import java.util.List;

/** The test server of OpenSSL, which serves one connection at a time: the cost of TLS alone. */
record OpensslLauncher() implements Launcher {
  private static final String NAME = "openssl";

  @Override
  public String prepare(Environment environment) throws UnavailableException, InterruptedException {
    return environment.run(NAME, NAME, "version").strip();
  }

  @Override
  public List<String> command(Environment environment, Cell cell, Transport transport, int port) {
    return List.of(
        NAME,
        "s_server",
        "-accept",
        "127.0.0.1:" + port,
        "-cert",
        environment.certificate().resolve(Environment.CERTIFICATE).toString(),
        "-key",
        environment.certificate().resolve(Environment.KEY).toString(),
        "-www",
        "-quiet");
  }
}
