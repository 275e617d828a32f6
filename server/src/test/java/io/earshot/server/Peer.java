package io.earshot.server;

import io.earshot.redis.Link;
import io.earshot.testing.Await;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A server of a cluster, as a process.
 *
 * <p>Owned by the test's thread; its ports never change.
 */
final class Peer implements AutoCloseable {
  static final Duration LEASE = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final String id;
  private final Program program;
  private final @Nullable Link link;
  private final int tcpPort;
  private final int httpPort;

  /** Starts a server that uses Redis over a link, and waits until it listens. */
  static Peer behind(String id, Link link, String... settings)
      throws IOException, InterruptedException {
    return new Peer(id, link.url(), link, settings);
  }

  /** Starts a server, and waits until it listens. */
  static Peer at(String id, String url, String... settings)
      throws IOException, InterruptedException {
    return new Peer(id, url, null, settings);
  }

  private Peer(String id, String url, @Nullable Link link, String... settings)
      throws IOException, InterruptedException {
    this.id = id;
    this.link = link;
    program = new Program(Path.of("target"), Map.of(), command(id, url, settings));
    try {
      var banner = new StringBuilder();
      while (!banner.toString().contains("Ctrl-C")) {
        banner.append(program.line(PATIENCE)).append('\n');
      }
      tcpPort = port("nc localhost (\\d+)", banner);
      httpPort = port("http://localhost:(\\d+)", banner);
    } catch (Throwable e) {
      program.close();
      throw e;
    }
  }

  private static List<String> command(String id, String url, String... settings) {
    // Without the classes of the tests, some of which have the same names as the server's.
    String path =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(each -> !each.contains("test-classes") && !each.endsWith("-tests.jar"))
            .collect(Collectors.joining(File.pathSeparator));
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m"));
    command.addAll(
        List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
    command.addAll(List.of("-cp", path, "io.earshot.server.Main"));
    command.addAll(List.of("--redis", url, "--tcp", "0", "--http", "0", "--id", id));
    command.addAll(List.of("--bind", "127.0.0.1"));
    var all =
        new ArrayList<>(
            List.of(
                "general.eventLoops=2",
                "redis.lease=" + LEASE.toMillis() + "ms",
                "redis.timeout=500ms",
                "rooms.historyMessages=20000",
                "rooms.historyBytes=10000000",
                "limits.outboundBytes=20000000"));
    all.addAll(List.of(settings));
    all.forEach(setting -> command.addAll(List.of("--set", setting)));
    return command;
  }

  private static int port(String pattern, CharSequence banner) {
    Matcher port = Pattern.compile(pattern).matcher(banner);
    if (!port.find()) {
      throw new AssertionError("no port in " + banner);
    }
    return Integer.parseInt(port.group(1));
  }

  String id() {
    return id;
  }

  int tcpPort() {
    return tcpPort;
  }

  int httpPort() {
    return httpPort;
  }

  /** The link to Redis. */
  Link link() {
    if (link == null) {
      throw new IllegalStateException("this server uses Redis without a link");
    }
    return link;
  }

  /** The lines of the log. */
  List<String> log() {
    return program.err();
  }

  long logged(String part) {
    return log().stream().filter(line -> line.contains(part)).count();
  }

  /** Waits until a line of the log contains a text. */
  void awaitLog(String part) {
    Await.until(() -> "\"" + part + "\" in the log: " + log(), PATIENCE, () -> logged(part) > 0);
  }

  boolean isAlive() {
    return ProcessHandle.of(program.pid()).map(ProcessHandle::isAlive).orElse(false);
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    program.kill();
    program.status(PATIENCE);
  }

  /** SIGTERM; returns at once. */
  void terminate() {
    program.terminate();
  }

  int status() throws InterruptedException {
    return status(PATIENCE);
  }

  int status(Duration patience) throws InterruptedException {
    return program.status(patience);
  }

  /** SIGSTOP. */
  void pause() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT. */
  void unpause() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    // The shell has kill built in; the program may be missing.
    Process shell =
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + program.pid()).inheritIO().start();
    if (shell.waitFor() != 0) {
      throw new IOException("no SIG" + name);
    }
  }

  /** Waits until the server is connected to Redis. */
  Peer connected() {
    awaitLog("connected to Redis");
    return this;
  }

  /** Kills the server, and prints its log to help with failures. */
  @Override
  public void close() throws IOException {
    program.close();
    log().forEach(each -> System.out.println("  " + id + ": " + each));
    if (link != null) {
      link.close();
    }
  }

  @Override
  public String toString() {
    return id;
  }
}
