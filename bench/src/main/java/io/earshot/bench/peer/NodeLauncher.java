package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.work.Transport;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A server for Node.
 *
 * @param folder the folder of its package.json, under bench/peers
 * @param library the package whose version is reported
 * @param program the file to run
 */
record NodeLauncher(String folder, String library, String program) implements Launcher {
  @Override
  public String prepare(Environment environment) throws UnavailableException, InterruptedException {
    Path here = environment.copySources(folder);
    Path lock = here.resolve("node_modules/.package-lock.json");
    if (!Files.exists(lock)) {
      environment.run(
          folder, "npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts");
    }
    String node = environment.run(folder, "node", "--version").strip();
    Path described = here.resolve("node_modules").resolve(library).resolve("package.json");
    try {
      if (Json.parse(Files.readString(described)) instanceof Json.Obj fields
          && fields.get("version") instanceof Json.Text(String version)) {
        return version + ", node " + node;
      }
      throw new UnavailableException(described + " names no version");
    } catch (IOException | MalformedJsonException e) {
      throw new UnavailableException(described + ": " + e.getMessage());
    }
  }

  @Override
  public List<String> command(Environment environment, Cell cell, Transport transport, int port) {
    return List.of(
        "node",
        environment.folderOf(folder).resolve(program).toString(),
        Integer.toString(port),
        mode(transport),
        environment.certificate().resolve(Environment.CERTIFICATE).toString(),
        environment.certificate().resolve(Environment.KEY).toString());
  }

  private static String mode(Transport transport) {
    return switch (transport) {
      case TCP -> "tcp";
      case WEBSOCKET -> "ws";
      case WSS, TLS -> "wss";
      case DEFLATE -> "deflate";
    };
  }
}
