package io.earshot.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar of the client, without other jars. */
final class ClientJarTest {
  private static final long MOST = 700_000;

  private final Path jar = Path.of(Launched.clientClassPath().split(File.pathSeparator, 2)[0]);

  @BeforeEach
  void requireJar() {
    assumeTrue(Launched.isClientJar(jar.toString()), "needs the phase package, for the jar");
  }

  @Test
  void the_jar_is_small_and_needs_only_the_jdk() throws IOException {
    assertThat(Files.size(jar)).isLessThan(MOST);
    try (var file = new JarFile(jar.toFile())) {
      assertThat(file.stream().map(Object::toString).filter(name -> !name.endsWith("/")))
          .contains("io/earshot/client/EarshotClient.class", "io/earshot/protocol/Json.class")
          .allMatch(name -> name.matches("io/earshot/.*|META-INF/[\\w.-]+"));
    }
    // The classes of annotations may be missing at run time.
    assertThat(tool("jdeps", "-verbose:package", jar.toString()).lines())
        .filteredOn(line -> line.startsWith(" "))
        .extracting(line -> line.substring(line.indexOf("-> ")))
        .isNotEmpty()
        .allSatisfy(
            line ->
                assertThat(line)
                    .containsPattern(
                        "^-> (javax?\\.\\S+ +java\\.(base|net\\.http)|jdk\\.net +jdk\\.net"
                            + "|org\\.jspecify\\.annotations +not found"
                            + "|io\\.earshot\\.\\S+ +earshot-client-\\S+)$"));
  }

  @Test
  void a_program_compiles_and_runs_with_the_jar_alone(@TempDir Path folder) throws Exception {
    var sources = new ArrayList<String>();
    try (Stream<Path> files = Files.list(Launched.ROOT.resolve("examples"))) {
      files.map(Path::toString).filter(file -> file.endsWith(".java")).forEach(sources::add);
    }
    assertThat(sources).hasSizeGreaterThan(2);
    var command = new ArrayList<>(List.of("-Xlint:all", "-Werror", "-proc:none"));
    command.addAll(List.of("-d", folder.toString(), "-cp", jar.toString()));
    command.addAll(sources);
    assertThat(tool("javac", command.toArray(String[]::new))).isEmpty();

    Config config = Config.defaults().with("tcpServer.port", 0).with("httpServer.port", 0);
    try (EarshotServer server = EarshotServer.start(config);
        var program =
            new Launched(
                Launched.java(),
                "-cp",
                jar + File.pathSeparator + folder,
                "Quickstart",
                "tcp://localhost:" + server.tcpPort())) {
      assertThat(program.end()).anyMatch(line -> line.startsWith("a number: 0."));
    }
  }

  /** Runs a tool of the JDK, which has to succeed. Returns its output. */
  private static String tool(String name, String... args) {
    var said = new StringWriter();
    var writer = new PrintWriter(said);
    int status = ToolProvider.findFirst(name).orElseThrow().run(writer, writer, args);
    assertThat(status).as(said.toString()).isZero();
    return said.toString();
  }
}
