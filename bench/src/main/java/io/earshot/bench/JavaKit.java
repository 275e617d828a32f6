package io.earshot.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A server on a Java library, with the versions of its dependencies that it asks for itself.
 *
 * @param folder where its pom.xml is, under bench/peers
 * @param library the jar that it shows
 * @param program its class
 */
record JavaKit(String folder, String library, String program) implements Kit {
  private static final String COPY =
      "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies";

  @Override
  public String prepare(Workshop workshop) throws Unavailable, InterruptedException {
    Path here = workshop.copySources(folder);
    Path jars = here.resolve("lib");
    if (isEmpty(jars)) {
      workshop.run(
          folder,
          "mvn",
          "-B",
          "-f",
          here.resolve("pom.xml").toString(),
          COPY,
          "-DoutputDirectory=lib");
    }
    workshop.run(folder, java("javac"), "-cp", "lib/*", "-d", ".", program + ".java");
    return Workshop.jarVersion(jars, library) + ", Java " + Runtime.version();
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
  public List<String> command(Workshop workshop, Cell cell, Transport transport, int port) {
    Path here = workshop.folderOf(folder);
    return List.of(
        java("java"),
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-cp",
        here + ":" + here.resolve("lib") + "/*",
        program,
        Integer.toString(port));
  }

  private static String java(String tool) {
    return Path.of(System.getProperty("java.home"), "bin", tool).toString();
  }
}
