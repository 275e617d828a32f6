package io.earshot.bench;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A server from npm.
 *
 * @param folder where its package.json is, under bench/peers
 * @param library the package that it shows
 * @param program the file to run
 */
record NodeKit(String folder, String library, String program) implements Kit {
  @Override
  public String prepare(Workshop workshop) throws Unavailable, InterruptedException {
    Path here = workshop.copySources(folder);
    Path lock = here.resolve("node_modules/.package-lock.json");
    if (!Files.exists(lock)) {
      workshop.run(
          folder, "npm", "ci", "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts");
    }
    String node = workshop.run(folder, "node", "--version").strip();
    Path described = here.resolve("node_modules").resolve(library).resolve("package.json");
    try {
      if (Json.parse(Files.readString(described)) instanceof Json.Obj fields
          && fields.get("version") instanceof Json.Text(String version)) {
        return version + ", node " + node;
      }
      throw new Unavailable(described + " names no version");
    } catch (IOException | MalformedJsonException e) {
      throw new Unavailable(described + ": " + e.getMessage());
    }
  }

  @Override
  public List<String> command(Workshop workshop, Cell cell, Transport transport, int port) {
    return List.of(
        "node",
        workshop.folderOf(folder).resolve(program).toString(),
        Integer.toString(port),
        transport == Transport.TCP ? "tcp" : "ws");
  }
}
