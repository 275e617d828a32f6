package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.work.Transport;
import java.util.List;

/**
 * HAProxy, which terminates TLS in front of the bare server. Both share the server's core, and the
 * measured CPU and memory are those of both.
 */
record HaproxyLauncher() implements Launcher {
  private static final String NAME = "haproxy";

  @Override
  public String prepare(Environment environment) throws UnavailableException, InterruptedException {
    new BareLauncher(false).prepare(environment);
    environment.copySources(NAME);
    String version = environment.run(NAME, NAME, "-v").lines().findFirst().orElse(NAME);
    return version.replaceFirst(" - http.*", "");
  }

  @Override
  public List<String> command(Environment environment, Cell cell, Transport transport, int port) {
    return List.of(
        "sh",
        environment.folderOf(NAME).resolve("serve.sh").toString(),
        BareLauncher.program(environment).toString(),
        Integer.toString(port),
        Integer.toString(Environment.freePort()),
        environment.certificate().resolve(Environment.CERTIFICATE_AND_KEY).toString());
  }
}
