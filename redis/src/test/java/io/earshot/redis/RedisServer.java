package io.earshot.redis;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A Redis of the test's own: a process with a port of the loopback and a folder, which both stay
 * the same when it is stopped and started again. It keeps nothing on disk unless it is told to.
 *
 * <p>Owned by the test's thread.
 */
public final class RedisServer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Path folder = Files.createTempDirectory("earshot-redis");
  private final int port;
  private final List<String> command;
  private final String ready;
  private final @Nullable String password;

  /** For a JVM that is told to end in the middle of a test. */
  private final Thread hook = new Thread(this::clear);

  private @Nullable Process process;
  private @Nullable ServerLog log;

  /**
   * Starts one, and waits until it answers. Skips the test where there is no {@code redis-server}.
   *
   * @param options as on its command line, such as {@code --appendonly yes}, each word for itself
   * @throws IOException if it does not start
   * @throws InterruptedException if the test is interrupted
   */
  public RedisServer(String... options) throws IOException, InterruptedException {
    this(Ports.free(), List.of(options));
  }

  private RedisServer(int port, List<String> options) throws IOException, InterruptedException {
    this(port, "Ready to accept connections", withDefaults(port, options), List.of());
  }

  /** Starts the process; with lines of a file if it is one that keeps its settings there. */
  private RedisServer(int port, String ready, List<String> options, List<String> file)
      throws IOException, InterruptedException {
    this.port = port;
    this.ready = ready;
    int option = options.indexOf("--requirepass");
    password = option < 0 ? null : options.get(option + 1);
    command = new ArrayList<>(List.of("redis-server"));
    if (!file.isEmpty()) {
      Path written = Files.write(folder.resolve("redis.conf"), file);
      command.add(written.toString());
    }
    command.addAll(options);
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      assumeInstalled();
      start();
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  private static List<String> withDefaults(int port, List<String> options) {
    var all = new ArrayList<>(List.of("--bind", Ports.LOOPBACK.getHostAddress()));
    all.addAll(List.of("--port", String.valueOf(port), "--save", "", "--appendonly", "no"));
    // A replica that asks for everything is not kept waiting for others to ask as well.
    all.addAll(List.of("--repl-diskless-sync-delay", "0"));
    all.addAll(options);
    return all;
  }

  /** Starts a sentinel, which keeps what it knows in its file. */
  static RedisServer sentinel(List<String> settings) throws IOException, InterruptedException {
    int port = Ports.free();
    var file = new ArrayList<>(List.of("port " + port));
    file.add("bind " + Ports.LOOPBACK.getHostAddress());
    file.addAll(settings);
    return new RedisServer(port, "+monitor master", List.of("--sentinel"), file);
  }

  /** Skips the test where there is no {@code redis-server} on the path. */
  public static void assumeInstalled() {
    assumeTrue(
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
            .map(place -> Path.of(place, "redis-server"))
            .anyMatch(Files::isExecutable),
        "needs redis-server");
  }

  /**
   * Where it listens.
   *
   * @return a port of the loopback
   */
  public int port() {
    return port;
  }

  /**
   * Where it listens, for a client.
   *
   * @return {@code redis://127.0.0.1:PORT}, without the password if there is one
   */
  public String url() {
    return "redis://" + address();
  }

  String address() {
    return Ports.LOOPBACK.getHostAddress() + ":" + port;
  }

  /**
   * Starts it again after {@link #kill} or {@link #stop}, with the same options, port and folder,
   * and waits until it answers.
   *
   * @throws IOException if it does not start
   * @throws InterruptedException if the test is interrupted
   */
  public void start() throws IOException, InterruptedException {
    if (process != null && process.isAlive()) {
      throw new IllegalStateException("it runs");
    }
    process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    log = new ServerLog(process);
    log.await(ready, /* mark= */ 0, PATIENCE);
  }

  /**
   * Stops it in its tracks (SIGSTOP): connections stay open, and new ones are taken by the kernel,
   * but nothing is answered.
   *
   * @throws IOException if it cannot be told
   * @throws InterruptedException if the test is interrupted
   */
  public void pause() throws IOException, InterruptedException {
    signal("STOP");
  }

  /**
   * Lets it go on after {@link #pause}; it works what was sent to it meanwhile.
   *
   * @throws IOException if it cannot be told
   * @throws InterruptedException if the test is interrupted
   */
  public void unpause() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    // The shell's own kill, which is there where the program is not.
    Process shell =
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + running().pid())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (shell.waitFor() != 0) {
      throw new IOException("no SIG" + name + ": it has ended");
    }
  }

  /**
   * Ends it as a crash would (SIGKILL), paused or not.
   *
   * @throws InterruptedException if the test is interrupted
   */
  public void kill() throws InterruptedException {
    Process running = running();
    end();
    awaitEnd(running);
  }

  /**
   * Ends it as an operator would (SIGTERM), paused or not.
   *
   * @throws IOException if it cannot be told
   * @throws InterruptedException if the test is interrupted
   */
  public void stop() throws IOException, InterruptedException {
    Process running = running();
    // Unlike Process.destroy, this leaves open the pipe that it says goodbye to.
    running.toHandle().destroy();
    signal("CONT");
    awaitEnd(running);
  }

  private static void awaitEnd(Process process) throws InterruptedException {
    if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("redis-server does not end within " + PATIENCE);
    }
  }

  private Process running() {
    if (process == null || !process.isAlive()) {
      throw new IllegalStateException("it does not run");
    }
    return process;
  }

  /** Kills it, and the children that write its files. */
  private void end() {
    if (process != null) {
      List<ProcessHandle> children = process.descendants().toList();
      process.destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
    }
  }

  /**
   * Has it work a command, on a connection of its own, with the password of its options.
   *
   * @param words the command's name and arguments
   * @return a {@code String}, a {@code Long}, a {@code List} of such, or null for Redis' nil
   * @throws IOException if it refuses, takes too long or is not there
   */
  public @Nullable Object command(String... words) throws IOException {
    try (RespClient client = client(PATIENCE)) {
      return client.call(words);
    }
  }

  /**
   * Opens a connection that stays, with the password of its options.
   *
   * @param patience how long each read waits for its next bytes
   * @return the connection, to be closed by the test
   * @throws IOException if it is not there
   */
  public RespClient client(Duration patience) throws IOException {
    var client = new RespClient(port, patience);
    try {
      if (password != null) {
        var _ = client.call("AUTH", password);
      }
      return client;
    } catch (IOException e) {
      client.close();
      throw e;
    }
  }

  /** What it has written since its last start. */
  ServerLog log() {
    if (log == null) {
      throw new IllegalStateException("it was never started");
    }
    return log;
  }

  @Override
  public void close() {
    var _ = Runtime.getRuntime().removeShutdownHook(hook);
    clear();
  }

  private void clear() {
    end();
    try {
      if (process != null) {
        awaitEnd(process);
      }
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(file);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
