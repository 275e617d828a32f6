package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.work.Transport;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A server that uses a Java library, with the library's own versions of its dependencies.
 *
 * @param folder the folder of its pom.xml, under bench/peers
 * @param library the jar whose version is reported
 * @param program its main class
 */
record JavaLauncher(String folder, String library, String program) implements Launcher {
  private static final String COPY =
      "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies";

  @Override
  public String prepare(Environment environment) throws UnavailableException, InterruptedException {
    Path here = environment.copySources(folder);
    Path jars = here.resolve("lib");
    if (isEmpty(jars)) {
      environment.run(
          folder,
          "mvn",
          "-B",
          "-f",
          here.resolve("pom.xml").toString(),
          COPY,
          "-DoutputDirectory=lib");
    }
    environment.run(folder, java("javac"), "-cp", "lib/*", "-d", ".", program + ".java");
    return Environment.jarVersion(jars, library) + ", Java " + Runtime.version();
  }

  private static boolean isEmpty(Path folder) {
    if (!Files.isDirectory(folder)) {
      return true;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      return !files.iterator().hasNext();
    } catch (IOException _) {
      return true;
    }
  }

  @Override
  public List<String> command(Environment environment, Cell cell, Transport transport, int port) {
    Path here = environment.folderOf(folder);
    var command =
        new ArrayList<>(
            List.of(
                java("java"),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                here + ":" + here.resolve("lib") + "/*",
                program,
                Integer.toString(port)));
    if (transport.isEncrypted()) {
      command.add(environment.certificate().resolve(Environment.CERTIFICATE).toString());
      command.add(environment.certificate().resolve(Environment.KEY).toString());
    }
    return command;
  }

  private static String java(String tool) {
    return Path.of(System.getProperty("java.home"), "bin", tool).toString();
  }
}
