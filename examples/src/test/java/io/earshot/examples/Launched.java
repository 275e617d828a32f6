package io.earshot.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * A program that a test has started in the root of the sources, as a user would.
 *
 * <p>Owned by the test's thread; a second thread fills the queue of lines.
 */
final class Launched implements AutoCloseable {
  static final Path ROOT = Path.of(System.getProperty("earshot.root", "..")).toAbsolutePath();

  private static final String END = "(the end)";

  private final Process process;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
  private final List<String> seen = new ArrayList<>();

  Launched(String... command) throws IOException {
    var builder = new ProcessBuilder(command).directory(ROOT.toFile()).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("EARSHOT_"));
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().put("EARSHOT_JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("EARSHOT_CLIENT_JAR", clientClassPath());
    process = builder.start();
    // On a platform thread: reading from a pipe would pin a carrier of virtual threads.
    var _ = Thread.ofPlatform().daemon().name("program").start(this::read);
  }

  /** Runs a shell script of the sources with the server of this build instead of ./earshot. */
  static Launched script(String script) throws IOException {
    return new Launched("sh", "-c", script.replace("./earshot", earshot()));
  }

  static String file(String name) throws IOException {
    return Files.readString(ROOT.resolve(name));
  }

  static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  private static String earshot() {
    return "'%s' -XX:TieredStopAtLevel=1 -cp '%s' io.earshot.server.Main"
        .formatted(java(), System.getProperty("java.class.path"));
  }

  /**
   * The class path of the client: its jar, which needs nothing else; before Maven's phase package,
   * its classes and their dependencies.
   */
  static String clientClassPath() {
    List<String> path =
        Arrays.asList(System.getProperty("java.class.path").split(File.pathSeparator, -1));
    return path.stream()
        .filter(Launched::isClientJar)
        .findFirst()
        .orElseGet(
            () ->
                path.stream()
                    .filter(each -> each.matches(".*(\\bclient|protocol|jackson-core).*"))
                    .collect(Collectors.joining(File.pathSeparator)));
  }

  static boolean isClientJar(String path) {
    return path.matches(".*[/\\\\]earshot-client-[^/\\\\]*\\.jar");
  }

  private void read() {
    try (var in = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lines.add(END);
    }
  }

  /** Waits for the next line that contains a text. Skips other lines. */
  String line(String part) throws InterruptedException {
    for (String line = next(); !line.equals(END); line = next()) {
      seen.add(line);
      if (line.contains(part)) {
        return line;
      }
    }
    throw new AssertionError("no \"" + part + "\" in the output: " + seen);
  }

  /** Waits until the program ends. Returns its whole output. */
  List<String> end() throws InterruptedException {
    for (String line = next(); !line.equals(END); line = next()) {
      seen.add(line);
    }
    return seen;
  }

  private String next() throws InterruptedException {
    String line = lines.poll(60, TimeUnit.SECONDS);
    if (line == null) {
      throw new AssertionError("no line within a minute; the output so far: " + seen);
    }
    return line;
  }

  void type(String line) throws IOException {
    process.getOutputStream().write((line + "\n").getBytes(UTF_8));
    process.getOutputStream().flush();
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
