package io.earshot.postgres;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.earshot.testing.Await;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL server as a process, one for all tests of a JVM. Its loopback port and its folder
 * stay the same when it is killed and started again. It does not wait for its disk.
 *
 * <p>Owned by the tests' thread.
 */
final class PostgresServer {
  static final String USER = "earshot";

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static @Nullable PostgresServer shared;

  private final Path programs;
  private final Path folder = Files.createTempDirectory("earshot-pg");
  private final int port;
  private @Nullable Process process;

  /** For {@link #query}, which tests call again and again while they wait. */
  private @Nullable Connection asking;

  private PostgresServer(Path programs) throws IOException, InterruptedException {
    this.programs = programs;
    try (var socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
      this.port = socket.getLocalPort();
    }
    Runtime.getRuntime().addShutdownHook(new Thread(this::clear));
    if (isRoot()) {
      run(List.of("chown", owner(), folder.toString()));
    }
    run(
        asOwner(
            programs.resolve("initdb").toString(),
            "-D",
            data(),
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync"));
    start();
  }

  /** The server of all tests. Skips the test if PostgreSQL is not installed. */
  static PostgresServer get() throws IOException, InterruptedException {
    if (shared == null) {
      Optional<Path> found = find();
      assumeTrue(found.isPresent(), "needs postgres");
      shared = new PostgresServer(found.get());
    }
    return shared;
  }

  /** The folder of the programs: on the path, or where Debian and Homebrew put them. */
  private static Optional<Path> find() throws IOException {
    var folders = new ArrayList<Path>();
    for (String each : System.getenv("PATH").split(File.pathSeparator)) {
      folders.add(Path.of(each));
    }
    for (String base : List.of("/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt")) {
      if (Files.isDirectory(Path.of(base))) {
        try (Stream<Path> versions = Files.list(Path.of(base))) {
          versions.sorted(Comparator.reverseOrder()).forEach(v -> folders.add(v.resolve("bin")));
        }
      }
    }
    return folders.stream()
        .filter(each -> Files.isExecutable(each.resolve("initdb")))
        .filter(each -> Files.isExecutable(each.resolve("postgres")))
        .findFirst();
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /** PostgreSQL refuses to run as root. */
  private static String owner() throws IOException {
    return Files.readAllLines(Path.of("/etc/passwd")).stream()
            .anyMatch(line -> line.startsWith("postgres:"))
        ? "postgres"
        : "nobody";
  }

  private static List<String> asOwner(String... command) throws IOException {
    if (!isRoot()) {
      return List.of(command);
    }
    String words = String.join(" ", Arrays.stream(command).map(each -> "'" + each + "'").toList());
    return List.of("su", owner(), "-s", "/bin/sh", "-c", "exec " + words);
  }

  private void run(List<String> command) throws IOException, InterruptedException {
    Process done =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("setup.log").toFile())
            .start();
    if (!done.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS) || done.exitValue() != 0) {
      throw new IOException(command + ": " + Files.readString(folder.resolve("setup.log")));
    }
  }

  private String data() {
    return folder.resolve("data").toString();
  }

  /** Starts the server, and waits until it answers. */
  void start() throws IOException {
    var command = new ArrayList<>(List.of(programs.resolve("postgres").toString(), "-D", data()));
    command.addAll(List.of("-h", "127.0.0.1", "-p", String.valueOf(port), "-k", data()));
    for (String setting :
        List.of("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=60")) {
      command.addAll(List.of("-c", setting));
    }
    process =
        new ProcessBuilder(asOwner(command.toArray(String[]::new)))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
            .start();
    Await.until(
        () -> "PostgreSQL to answer",
        PATIENCE,
        () -> {
          try (Connection connection = connect()) {
            return connection.isValid(5);
          } catch (SQLException e) {
            return false;
          }
        });
  }

  /** Ends the server and all its processes like a crash (SIGKILL). */
  void kill() throws IOException, InterruptedException {
    asking = null;
    Path pids = folder.resolve("data/postmaster.pid");
    long pid = Long.parseLong(Files.readAllLines(pids).getFirst().strip());
    ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
    List<ProcessHandle> children = server.descendants().toList();
    server.destroyForcibly();
    children.forEach(ProcessHandle::destroyForcibly);
    Await.until(
        "the processes of PostgreSQL to end",
        () -> !server.isAlive() && children.stream().noneMatch(ProcessHandle::isAlive));
    if (process != null) {
      process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  int port() {
    return port;
  }

  /** The folder of the programs, such as {@code psql}. */
  Path programs() {
    return programs;
  }

  String url() {
    return "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
  }

  Connection connect() throws SQLException {
    return connect(USER);
  }

  Connection connect(String user) throws SQLException {
    return DriverManager.getConnection(url() + "?loginTimeout=10&socketTimeout=30", user, "");
  }

  void execute(String... statements) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  /** The first column of a query. */
  List<String> query(String query) throws SQLException {
    Connection connection = asking;
    if (connection == null || connection.isClosed()) {
      connection = connect();
      asking = connection;
    }
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      var all = new ArrayList<String>();
      while (row.next()) {
        all.add(row.getString(1));
      }
      return all;
    }
  }

  long count(String query) throws SQLException {
    return Long.parseLong(query(query).getFirst());
  }

  private void clear() {
    try {
      if (Files.exists(folder.resolve("data/postmaster.pid"))) {
        kill();
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
