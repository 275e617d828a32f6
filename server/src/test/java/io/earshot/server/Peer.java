package io.earshot.server;

import io.earshot.redis.Link;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One server of a cluster, as a process of its own.
 *
 * <p>Owned by the test's thread; its ports never change.
 */
final class Peer implements AutoCloseable {
  static final Duration LEASE = Duration.ofSeconds(2);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final String id;
  private final Program program;
  private final @Nullable Link link;
  private final int tcpPort;
  private final int httpPort;

  /** Starts one whose way to Redis is this link, and waits until it listens. */
  static Peer behind(String id, Link link, String... settings)
      throws IOException, InterruptedException {
    return new Peer(id, link.url(), link, settings);
  }

  /** Starts one, and waits until it listens. */
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
    // The tests' own classes are not for the server, and some have a name of the server's.
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

  /** Its way to Redis. */
  Link link() {
    if (link == null) {
      throw new IllegalStateException("it goes straight to Redis");
    }
    return link;
  }

  /** What it has logged. */
  List<String> log() {
    return program.err();
  }

  long logged(String part) {
    return log().stream().filter(line -> line.contains(part)).count();
  }

  /** Waits until it has logged something. */
  void awaitLog(String part) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (logged(part) == 0) {
      if (System.nanoTime() > end) {
        throw new AssertionError("no \"" + part + "\" in the log: " + log());
      }
      LockSupport.parkNanos(5_000_000);
    }
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
    return program.status(PATIENCE);
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
    // The shell's own kill, which is there where the program is not.
    Process shell =
        new ProcessBuilder("sh", "-c", "kill -" + name + " " + program.pid()).inheritIO().start();
    if (shell.waitFor() != 0) {
      throw new IOException("no SIG" + name);
    }
  }

  /** Waits until it has reached Redis. */
  Peer reached() {
    awaitLog("connected to Redis");
    return this;
  }

  /** Ends it, and prints what it has logged, for who looks into what a test has found. */
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
