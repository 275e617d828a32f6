package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * A process that a test has started, with its output.
 *
 * <p>Owned by the test's thread; two threads fill the queues.
 */
final class Program implements AutoCloseable {
  private final Process process;
  private final LinkedBlockingQueue<String> out = new LinkedBlockingQueue<>();
  private final ConcurrentLinkedQueue<String> err = new ConcurrentLinkedQueue<>();
  private final List<Thread> readers;

  /** Starts a process in a folder, with these variables added to a clean environment. */
  Program(Path folder, Map<String, String> environment, List<String> command) throws IOException {
    var builder = new ProcessBuilder(command).directory(folder.toFile());
    builder
        .environment()
        .keySet()
        .removeIf(
            name ->
                name.startsWith("EARSHOT_")
                    || name.startsWith("MAVEN_")
                    || name.equals("JAVA_HOME")
                    || name.equals("JAVA_TOOL_OPTIONS"));
    builder.environment().putAll(environment);
    process = builder.start();
    process.getOutputStream().close();
    readers =
        List.of(
            reader(process.getInputStream(), out::add), reader(process.getErrorStream(), err::add));
  }

  /**
   * The command of a JVM that runs a server of this build, without its options. The JVM does not
   * live long enough to pay for C2, or for threads of a collector.
   */
  static List<String> server() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        "-cp",
        System.getProperty("java.class.path"),
        "io.earshot.server.Main");
  }

  /** The same as the words of a shell. */
  static String serverInShell() {
    return server().stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
  }

  /** Reads on a platform thread: reading from a pipe pins a carrier thread. */
  private static Thread reader(InputStream in, Consumer<String> into) {
    return Thread.ofPlatform().daemon().name("program").start(() -> lines(in, into));
  }

  private static void lines(InputStream in, Consumer<String> into) {
    try (var reader = new BufferedReader(new InputStreamReader(in, UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        into.accept(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  long pid() {
    return process.pid();
  }

  /** The next line on stdout. */
  String line(Duration patience) throws InterruptedException {
    String line = out.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
    if (line == null) {
      throw new AssertionError("no line within " + patience + "; on stderr: " + err());
    }
    return line;
  }

  /** Sends SIGTERM; unlike {@link Process#destroy} this leaves the output readable. */
  void terminate() {
    process.toHandle().destroy();
  }

  /** Waits for the end of the process and of its output; returns the exit status. */
  int status(Duration patience) throws InterruptedException {
    if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError(
          "the process does not end within " + patience + "; on stderr: " + err());
    }
    for (Thread reader : readers) {
      reader.join(patience);
    }
    return process.exitValue();
  }

  /** The lines on stdout that {@link #line} has not returned. */
  List<String> out() {
    return List.copyOf(out);
  }

  List<String> err() {
    return List.copyOf(err);
  }

  /** Sends SIGKILL. */
  void kill() {
    process.destroyForcibly();
  }

  @Override
  public void close() {
    kill();
  }
}
