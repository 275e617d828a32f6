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

/**
 * A process that a test has started, with what it has written.
 *
 * <p>Owned by the test's thread; two threads fill the queues.
 */
final class Program implements AutoCloseable {
  private final Process process;
  private final LinkedBlockingQueue<String> out = new LinkedBlockingQueue<>();
  private final ConcurrentLinkedQueue<String> err = new ConcurrentLinkedQueue<>();
  private final List<Thread> readers;

  /** Starts it there, with these variables besides what any program has. */
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

  /** On a thread of the system's: reading from a pipe holds a carrier of virtual threads. */
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

  /** The next line that it writes to stdout. */
  String line(Duration patience) throws InterruptedException {
    String line = out.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
    if (line == null) {
      throw new AssertionError("no line within " + patience + "; on stderr: " + err());
    }
    return line;
  }

  /** Sends SIGTERM, and unlike {@link Process#destroy} still hears what it says to that. */
  void terminate() {
    process.toHandle().destroy();
  }

  /** The exit status, once it has ended and all that it has written is here. */
  int status(Duration patience) throws InterruptedException {
    if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("it does not end within " + patience + "; on stderr: " + err());
    }
    for (Thread reader : readers) {
      reader.join(patience);
    }
    return process.exitValue();
  }

  /** What it has written to stdout, without what {@link #line} gave. */
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
