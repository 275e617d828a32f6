package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.protocol.Json;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The client runs on Java 17: with a program that is compiled for it, and with a Java of that
 * version.
 */
final class JavaLevelTest {
  private static final int LEVEL = 17;

  @TempDir Path folder;

  @Test
  void a_program_of_java_17_uses_the_client_on_java_17() throws Exception {
    Path java = java();
    assumeTrue(java != null, "needs java17");
    String path = System.getProperty("java.class.path");
    compile(path);
    try (var server = ClientTest.started();
        var proxy = new Proxy(server.httpPort())) {
      Process program =
          new ProcessBuilder(
                  java.toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-cp",
                  folder + ":" + path,
                  "Conversation",
                  "ws://localhost:" + server.httpPort(),
                  "ws://localhost:" + proxy.port(),
                  "tcp://localhost:" + server.tcpPort())
              .redirectErrorStream(true)
              .start();
      var ended =
          program
              .onExit()
              .orTimeout(60, TimeUnit.SECONDS)
              .whenComplete((_, failure) -> program.destroyForcibly());
      var output = new ArrayList<String>();
      try (BufferedReader lines = program.inputReader(StandardCharsets.UTF_8)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          output.add(line);
          if (line.equals("cut")) {
            proxy.cut();
          } else if (line.equals("restore")) {
            proxy.restore();
          }
        }
      }
      assertThat(ended).succeedsWithin(60, TimeUnit.SECONDS);
      assertThat(output).startsWith("java " + LEVEL).endsWith("done");
      assertThat(output).noneMatch(line -> line.startsWith("FAILED"));
    }
  }

  @Test
  void the_classes_are_those_of_java_17() throws IOException {
    assertThat(major(EarshotClient.class)).isEqualTo(44 + LEVEL);
    assertThat(major(Json.class)).isEqualTo(44 + LEVEL);
  }

  private static int major(Class<?> type) throws IOException {
    try (InputStream file = type.getResourceAsStream(type.getSimpleName() + ".class")) {
      var bytes = new DataInputStream(file);
      bytes.skipNBytes(6);
      return bytes.readUnsignedShort();
    }
  }

  private void compile(String path) {
    Path source = Path.of(System.getProperty("earshot.root"), "client/src/test/programs");
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-proc:none",
                "--release",
                String.valueOf(LEVEL),
                "-cp",
                path,
                "-d",
                folder.toString(),
                source.resolve("Conversation.java").toString());
    assertThat(status).isZero();
  }

  /** The command java of that version, in the usual folders; null if there is none. */
  private static @Nullable Path java() throws IOException {
    var homes = new ArrayList<Path>();
    String given = System.getenv("JAVA_" + LEVEL + "_HOME");
    if (given != null) {
      homes.add(Path.of(given));
    }
    for (Path usual : List.of(Path.of("/usr/lib/jvm"), Path.of("/opt"))) {
      if (Files.isDirectory(usual)) {
        try (Stream<Path> folders = Files.list(usual)) {
          homes.addAll(folders.sorted().toList());
        }
      }
    }
    for (Path home : homes) {
      Path java = home.resolve("bin/java");
      if (Files.isExecutable(java) && version(home).startsWith("\"" + LEVEL)) {
        return java;
      }
    }
    return null;
  }

  private static String version(Path home) throws IOException {
    Path release = home.resolve("release");
    if (!Files.isRegularFile(release)) {
      return "";
    }
    try (Stream<String> lines = Files.lines(release)) {
      return lines
          .filter(line -> line.startsWith("JAVA_VERSION="))
          .map(line -> line.substring("JAVA_VERSION=".length()))
          .findFirst()
          .orElse("");
    }
  }
}
