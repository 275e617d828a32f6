package io.earshot.redis;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.netty.testing.Pair;
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
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A Redis server as a process. Its loopback port and its folder stay the same when it is stopped
 * and started again. It writes nothing to disk unless the options say so.
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

  /** Kills the process if the JVM ends in the middle of a test. */
  private final Thread hook = new Thread(this::clear);

  private @Nullable Process process;
  private @Nullable ServerLog log;

  /**
   * Starts a server, and waits until it answers. Skips the test if there is no {@code
   * redis-server}.
   *
   * @param options as on its command line, such as {@code --appendonly yes}, one word each
   * @throws IOException if the server does not start
   * @throws InterruptedException if the test is interrupted
   */
  public RedisServer(String... options) throws IOException, InterruptedException {
    this(Ports.free(), List.of(options));
  }

  private RedisServer(int port, List<String> options) throws IOException, InterruptedException {
    this(port, "Ready to accept connections", withDefaults(port, options), List.of());
  }

  /** Starts the process, with a settings file if there are lines for it. */
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
    // The primary does not wait for more replicas before it sends its data.
    all.addAll(List.of("--repl-diskless-sync-delay", "0"));
    all.addAll(options);
    return all;
  }

  /** Starts a sentinel, which stores its state in its settings file. */
  static RedisServer sentinel(List<String> settings) throws IOException, InterruptedException {
    int port = Ports.free();
    var file = new ArrayList<>(List.of("port " + port));
    file.add("bind " + Ports.LOOPBACK.getHostAddress());
    file.addAll(settings);
    return new RedisServer(port, "+monitor master", List.of("--sentinel"), file);
  }

  /** Starts a server with a password that accepts only TLS clients with the pair's certificate. */
  static RedisServer secured(Pair pair, String password) throws IOException, InterruptedException {
    int port = Ports.free();
    var options = new ArrayList<>(withDefaults(port, List.of("--requirepass", password)));
    tls(port, pair).forEach((name, value) -> options.addAll(List.of("--" + name, value)));
    return new RedisServer(port, "Ready to accept connections", options, List.of());
  }

  /** Starts a sentinel that accepts only TLS clients with the pair's certificate. */
  static RedisServer securedSentinel(Pair pair, List<String> settings)
      throws IOException, InterruptedException {
    int port = Ports.free();
    var file = new ArrayList<>(List.of("bind " + Ports.LOOPBACK.getHostAddress()));
    tls(port, pair).forEach((name, value) -> file.add(name + " " + value));
    file.add("tls-replication yes");
    file.addAll(settings);
    return new RedisServer(port, "+monitor master", List.of("--sentinel"), file);
  }

  private static SortedMap<String, String> tls(int port, Pair pair) {
    return new TreeMap<>(
        Map.of(
            "port", "0",
            "tls-port", String.valueOf(port),
            "tls-cert-file", pair.cert().toString(),
            "tls-key-file", pair.key().toString(),
            "tls-ca-cert-file", pair.cert().toString()));
  }

  /** Skips the test if there is no {@code redis-server} on the path. */
  public static void assumeInstalled() {
    assumeTrue(
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
            .map(place -> Path.of(place, "redis-server"))
            .anyMatch(Files::isExecutable),
        "needs redis-server");
  }

  /**
   * The port of the server.
   *
   * @return a port of the loopback
   */
  public int port() {
    return port;
  }

  /**
   * The address of the server.
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
   * Starts the server again after {@link #kill} or {@link #stop}, with the same options, port and
   * folder, and waits until it answers.
   *
   * @throws IOException if the server does not start
   * @throws InterruptedException if the test is interrupted
   */
  public void start() throws IOException, InterruptedException {
    if (process != null && process.isAlive()) {
      throw new IllegalStateException("the server runs already");
    }
    process =
        new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    log = new ServerLog(process);
    log.await(ready, /* mark= */ 0, PATIENCE);
  }

  /**
   * Suspends the server (SIGSTOP): connections stay open, the kernel accepts new ones, but nothing
   * is answered.
   *
   * @throws IOException if the signal cannot be sent
   * @throws InterruptedException if the test is interrupted
   */
  public void pause() throws IOException, InterruptedException {
    signal("STOP");
  }

  /**
   * Resumes the server after {@link #pause}; it answers what was sent meanwhile.
   *
   * @throws IOException if the signal cannot be sent
   * @throws InterruptedException if the test is interrupted
   */
  public void unpause() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    // The shell has kill built in; the program may be missing.
    Process shell =
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + running().pid())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (shell.waitFor() != 0) {
      throw new IOException("no SIG" + name + ": the server has ended");
    }
  }

  /**
   * Ends the server like a crash (SIGKILL), paused or not.
   *
   * @throws InterruptedException if the test is interrupted
   */
  public void kill() throws InterruptedException {
    Process running = running();
    end();
    awaitEnd(running);
  }

  /**
   * Ends the server like an operator (SIGTERM), paused or not.
   *
   * @throws IOException if the signal cannot be sent
   * @throws InterruptedException if the test is interrupted
   */
  public void stop() throws IOException, InterruptedException {
    Process running = running();
    // Unlike Process.destroy, this leaves the pipe of the output open.
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
      throw new IllegalStateException("the server does not run");
    }
    return process;
  }

  /** Kills the server, and its children that write files. */
  private void end() {
    if (process != null) {
      List<ProcessHandle> children = process.descendants().toList();
      process.destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
    }
  }

  /**
   * Sends a command on a new connection, with the password of the options.
   *
   * @param words the command's name and arguments
   * @return a {@code String}, a {@code Long}, a {@code List} of such, or null for Redis' nil
   * @throws IOException if the server refuses the command, does not answer in time or does not run
   */
  public @Nullable Object command(String... words) throws IOException {
    try (RespClient client = client(PATIENCE)) {
      return client.call(words);
    }
  }

  /**
   * Opens a connection, with the password of the options.
   *
   * @param patience how long each read waits for its next bytes
   * @return the connection; the test closes it
   * @throws IOException if the server does not run
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

  /** The output since the last start. */
  ServerLog log() {
    if (log == null) {
      throw new IllegalStateException("the server was never started");
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
