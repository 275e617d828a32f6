package io.earshot.netty.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A program of Node's with what it needs from the registry: a folder of test sources, copied and
 * installed, since nothing is written beside the sources.
 */
public record NodeProgram(Path folder) {
  /** A folder for each process that runs tests: several install the same sources at once. */
  private static final String FORK = "-" + System.getProperty("earshot.fork", "1");

  /** What this process has installed, by the folder of the sources. */
  private static final Map<Path, Path> INSTALLED = new ConcurrentHashMap<>();

  /** Installs what a folder's lock file names. Skips the test where there is no npm. */
  public static NodeProgram install(String name) throws Exception {
    return install(Path.of("src", "test", name));
  }

  /** The same with sources that are somewhere else. */
  public static NodeProgram install(Path sources) throws Exception {
    assumeTrue(find("npm").isPresent(), "needs npm");
    assumeTrue(find("node").isPresent(), "needs node");
    return new NodeProgram(INSTALLED.computeIfAbsent(sources, NodeProgram::folderOf));
  }

  private static Path folderOf(Path sources) {
    try {
      return installed(sources).folder;
    } catch (Exception e) {
      throw new AssertionError("cannot install " + sources, e);
    }
  }

  private static NodeProgram installed(Path sources) throws Exception {
    var program = new NodeProgram(Path.of("target", sources.getFileName() + FORK));
    try (Stream<Path> files = Files.walk(sources)) {
      for (Path file : files.filter(file -> isSource(sources, file)).toList()) {
        Path copy = program.folder.resolve(sources.relativize(file).toString());
        Files.createDirectories(copy.resolveSibling("."));
        Files.write(copy, Files.readAllBytes(file));
      }
    }
    program.run("npm", "ci", "--no-audit", "--no-fund");
    return program;
  }

  /** Whether a file is a source, and was not built or installed. */
  private static boolean isSource(Path sources, Path file) {
    Path inside = sources.relativize(file);
    return Files.isRegularFile(file)
        && !inside.startsWith("node_modules")
        && !inside.startsWith("dist");
  }

  /** The first of some programs that is on the path. */
  public static Optional<String> find(String... names) {
    List<Path> path =
        Arrays.stream(System.getenv("PATH").split(java.io.File.pathSeparator))
            .map(Path::of)
            .toList();
    return Arrays.stream(names)
        .flatMap(name -> path.stream().map(folder -> folder.resolve(name)))
        .filter(Files::isExecutable)
        .map(Path::toString)
        .findFirst();
  }

  /** Runs a command in the folder, and returns what it said; it has to succeed. */
  public String run(String... command) throws IOException, InterruptedException {
    Path output = folder.resolve("output.txt");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    boolean ended = process.waitFor(4, TimeUnit.MINUTES);
    process.destroyForcibly();
    String text = Files.readString(output, StandardCharsets.UTF_8);
    assertThat(ended && process.exitValue() == 0).as(text).isTrue();
    return text;
  }
}
