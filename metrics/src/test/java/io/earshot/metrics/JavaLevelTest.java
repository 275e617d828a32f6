package io.earshot.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.netty.EarshotServer;
import io.earshot.redis.RedisProvider;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Programs of Java 21 embed the server. */
final class JavaLevelTest {
  private static final int LEVEL = 21;

  @TempDir Path folder;

  /** On the Java of this test, and on Java 21 if this machine has one. */
  @TestFactory
  Stream<DynamicTest> a_program_of_java_21_embeds_the_server() throws IOException {
    String path =
        Stream.of(System.getProperty("java.class.path").split(":"))
            .filter(each -> !each.endsWith("test-classes"))
            .collect(joining(":"));
    Path source = Path.of(System.getProperty("earshot.root"), "metrics/src/test/programs");
    List<String> options =
        List.of("-proc:none", "--release", "" + LEVEL, "-cp", path, "-d", folder.toString());
    var command = new ArrayList<>(options);
    command.add(source.resolve("Embedded.java").toString());
    assertThat(
            ToolProvider.getSystemJavaCompiler()
                .run(null, null, null, command.toArray(String[]::new)))
        .isZero();
    return javas().stream()
        .map(java -> DynamicTest.dynamicTest("on " + java, () -> embeds(java, path)));
  }

  private void embeds(Path home, String path) throws Exception {
    Path history = Files.createTempDirectory(folder, "history");
    List<String> command =
        List.of(
            home.resolve("bin/java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            folder + ":" + path,
            "Embedded",
            history.toString());
    Process program = new ProcessBuilder(command).redirectErrorStream(true).start();
    var bound = program.onExit().orTimeout(60, TimeUnit.SECONDS);
    try (BufferedReader lines = program.inputReader(UTF_8)) {
      var ended = bound.whenComplete((_, failure) -> program.destroyForcibly());
      List<String> output = lines.lines().toList();
      assertThat(output).endsWith("done");
      assertThat(output).noneMatch(line -> line.startsWith("FAILED"));
      assertThat(ended).succeedsWithin(60, TimeUnit.SECONDS);
    }
  }

  @Test
  void what_programs_embed_has_the_classes_of_java_21() throws IOException {
    for (Class<?> type :
        List.of(Action.class, EarshotServer.class, RedisProvider.class, EarshotMetrics.class)) {
      try (InputStream file = type.getResourceAsStream(type.getSimpleName() + ".class")) {
        var bytes = new DataInputStream(file);
        bytes.skipNBytes(6);
        assertThat(bytes.readUnsignedShort()).as(type.getName()).isEqualTo(44 + LEVEL);
      }
    }
  }

  private static Set<Path> javas() throws IOException {
    var homes = new LinkedHashSet<Path>();
    homes.add(Path.of(System.getProperty("java.home")));
    String given = System.getenv("JAVA_" + LEVEL + "_HOME");
    if (given != null) {
      homes.add(Path.of(given));
    }
    Path usual = Path.of("/usr/lib/jvm");
    if (Files.isDirectory(usual)) {
      try (Stream<Path> folders = Files.list(usual)) {
        for (Path home : folders.sorted().toList()) {
          Path release = home.resolve("release");
          if (Files.isRegularFile(release)
              && Files.readString(release).contains("JAVA_VERSION=\"" + LEVEL)) {
            homes.add(home.toRealPath());
          }
        }
      }
    }
    return homes;
  }
}
