package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./earshot} in a fresh copy of the source: what it builds, starts and prints. */
class BuildAndStartTest {
  /** For a build that may have to download everything first. */
  private static final Duration BUILD = Duration.ofMinutes(5);

  private static final Duration START = Duration.ofSeconds(30);

  @TempDir static Path temp;

  /** The result of the first start in the copy. */
  private static @Nullable First first;

  /**
   * A server that was started, greeted one client, and was stopped.
   *
   * @param banner what it printed when it listened
   * @param ending what it printed after that
   * @param welcome the first line that a TCP client got
   * @param progress the lines on stderr
   */
  private record First(
      long pid,
      List<String> banner,
      String welcome,
      List<String> ending,
      List<String> progress,
      int status) {}

  @BeforeAll
  static void startForTheFirstTime() throws Exception {
    copy(Path.of(System.getProperty("earshot.root")), Files.createDirectory(tree()));
    Files.createDirectories(home().resolve(".jdks"));
    Files.createSymbolicLink(
        home().resolve(".jdks/of-this-test"), Path.of(System.getProperty("java.home")));
    Path old = Files.createDirectories(temp.resolve("old/bin")).resolve("java");
    Files.writeString(old, "#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n");
    assertThat(old.toFile().setExecutable(true)).isTrue();

    try (Program program = earshot(Map.of(), "--tcp", "0", "--http", "0")) {
      var banner = new ArrayList<>(List.of(program.line(BUILD)));
      while (!banner.getLast().contains("Ctrl-C")) {
        banner.add(program.line(START));
      }
      String welcome = firstLineOf(port(banner));
      program.terminate();
      int status = program.status(START);
      first = new First(program.pid(), banner, welcome, program.out(), program.err(), status);
    }
  }

  @Test
  void a_fresh_copy_builds_itself_and_then_serves() {
    assertThat(String.join("\n", first().progress()))
        .containsPattern(
            "^earshot: building .*: protocol core netty redis metrics backend postgres server, training run, done in \\d+ s$");
    assertThat(first().welcome()).startsWith("{").contains("Welcome");
    assertThat(first().banner())
        .anyMatch(line -> line.matches("  WebSocket  ws://localhost:\\d+/ .*"));
  }

  @Test
  void the_launcher_becomes_the_server() {
    assertThat(first().banner().getFirst())
        .contains("is listening (pid " + first().pid() + ", started in ");
  }

  @Test
  void a_server_that_is_told_to_stop_says_so_and_ends_with_status_0() {
    assertThat(first().ending()).containsExactly("Earshot is stopping.", "Earshot has stopped.");
    assertThat(first().status()).isZero();
  }

  @Test
  void a_second_start_builds_nothing() throws Exception {
    try (Program second = earshot(Map.of("EARSHOT_TRACE", "1"), "--version")) {
      assertThat(second.status(START)).isZero();
      assertThat(second.err()).contains("earshot: [trace] up to date");
      assertThat(second.err()).noneMatch(line -> line.contains("building"));
    }
  }

  @Test
  void it_runs_from_any_folder_and_through_a_link() throws Exception {
    Path links = Files.createDirectories(temp.resolve("links/deeper"));
    Path link =
        Files.createSymbolicLink(
            links.resolve("first"), links.relativize(tree().resolve("earshot")));
    Files.createSymbolicLink(temp.resolve("links/second"), Path.of("deeper/first"));
    assertThat(link).exists();
    var command = List.of("./links/second", "--version");
    try (Program linked = new Program(temp, environment(Map.of()), command)) {
      assertThat(linked.status(START)).isZero();
      assertThat(linked.out()).singleElement().asString().startsWith("Earshot ");
    }
  }

  @Test
  void a_changed_source_is_built_again() throws Exception {
    Path source = tree().resolve("core/src/main/java/io/earshot/room/Room.java");
    assertStaleWith(source);
    assertStaleWith(tree().resolve("pom.xml"));
    assertStaleWith(tree().resolve("netty/pom.xml"));
    assertStaleWith(tree().resolve("client-js/src/earshot.js"));
  }

  @Test
  void a_deleted_source_is_noticed_too() throws Exception {
    assertStaleWith(tree().resolve("core/src/main/java/io/earshot/room"));
  }

  @Test
  void a_changed_test_does_not_trigger_a_build() throws Exception {
    Path test = tree().resolve("server/src/test/java/io/earshot/server/BuildAndStartTest.java");
    Files.setLastModifiedTime(test, FileTime.from(Instant.now()));
    assertThat(traced()).contains("earshot: [trace] up to date");
  }

  @Test
  void a_port_in_use_is_one_line_and_status_1() throws Exception {
    try (var taken = new ServerSocket(0);
        Program refused =
            earshot(Map.of(), "--tcp", String.valueOf(taken.getLocalPort()), "--http", "0")) {
      assertThat(refused.status(START)).isEqualTo(1);
      assertThat(refused.out()).isEmpty();
      assertThat(refused.err())
          .singleElement()
          .asString()
          .startsWith("earshot: ")
          .contains(String.valueOf(taken.getLocalPort()), "in use", "--tcp PORT");
    }
  }

  @Test
  void a_setting_that_does_not_exist_is_one_line_and_status_2() throws Exception {
    try (Program refused = earshot(Map.of(), "--set", "general.defaultChatRom=x")) {
      assertThat(refused.status(START)).isEqualTo(2);
      assertThat(refused.out()).isEmpty();
      assertThat(refused.err())
          .singleElement()
          .asString()
          .startsWith("earshot: ")
          .contains("'general.defaultChatRom'", "nearest is 'general.defaultChatRoom'");
    }
  }

  @Test
  void options_of_the_jvm_are_split_into_words_and_passed_on() throws Exception {
    var environment = Map.of("EARSHOT_JAVA_OPTS", "-Xmx64m -Dstar=* -XX:+PrintFlagsFinal");
    try (Program flagged = earshot(environment, "--version")) {
      assertThat(flagged.status(START)).isZero();
      assertThat(flagged.out()).anyMatch(line -> line.matches(".* MaxHeapSize *= 67108864 .*"));
      assertThat(flagged.out())
          .anyMatch(line -> line.matches(".* UseCompactObjectHeaders *= true .*"));
    }
  }

  @Test
  void a_start_uses_the_class_cache_of_the_training_run() throws Exception {
    assertThat(isShared()).isTrue();
  }

  @Test
  void a_start_without_options_opens_no_jar_for_a_class() throws Exception {
    var environment =
        Map.of(
            "EARSHOT_TCPSERVER_PORT", "0",
            "EARSHOT_HTTPSERVER_PORT", "0",
            "EARSHOT_JAVA_OPTS", "-Xlog:class+load:file=classes.txt");
    try (Program logged = earshot(environment)) {
      String line;
      do {
        line = logged.line(START);
      } while (!line.contains("Ctrl-C"));
      assertThat(logged.err()).isEmpty();
    }
    List<String> loaded = Files.readAllLines(tree().resolve("classes.txt"));
    assertThat(loaded)
        .anyMatch(line -> line.contains("io.earshot.server.Main source: shared objects"))
        .noneMatch(line -> line.contains("source: file:"));
  }

  @Test
  void a_server_without_a_class_cache_starts_without_a_warning() throws Exception {
    Path aside = Files.move(cache(), temp.resolve("aside.aot"));
    try {
      assertStartsSilently(Map.of());
      assertThat(isShared()).isFalse();
      assertThat(traced()).noneMatch(line -> line.contains("AOT cache"));
    } finally {
      Files.move(aside, cache());
    }
  }

  @Test
  void an_aot_cache_older_than_a_jar_is_not_used() throws Exception {
    assertThat(traced()).anyMatch(line -> line.endsWith(" and the AOT cache"));
    Path jar;
    try (var jars = Files.newDirectoryStream(cache().resolveSibling("lib"), "earshot-core*.jar")) {
      jar = jars.iterator().next();
    }
    FileTime before = Files.getLastModifiedTime(jar);
    Files.setLastModifiedTime(jar, FileTime.from(Instant.now()));
    try {
      assertThat(traced()).noneMatch(line -> line.contains("AOT cache"));
    } finally {
      Files.setLastModifiedTime(jar, before);
    }
  }

  @Test
  void a_class_cache_that_the_jvm_cannot_use_is_ignored_without_a_warning() throws Exception {
    Path aside = Files.move(cache(), temp.resolve("aside.aot"));
    try {
      Files.writeString(cache(), "from another JVM");
      assertStartsSilently(Map.of());
    } finally {
      Files.move(aside, cache(), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  @Test
  void a_garbage_collector_in_the_options_replaces_the_default_one() throws Exception {
    assertStartsSilently(Map.of("EARSHOT_JAVA_OPTS", "-XX:+UseParallelGC"));
    assertStartsSilently(Map.of("EARSHOT_JAVA_OPTS", "-XX:-UseCompactObjectHeaders"));
    assertStartsSilently(Map.of("EARSHOT_JAVA_OPTS", "-Xshare:off"));
  }

  @Test
  void build_takes_no_options() throws Exception {
    try (Program refused = earshot(Map.of(), "build", "--tcp", "1")) {
      assertThat(refused.status(START)).isEqualTo(2);
      assertThat(refused.err()).containsExactly("earshot: build takes no options");
    }
  }

  private static First first() {
    return Objects.requireNonNull(first);
  }

  private static Path tree() {
    return temp.resolve("a fresh copy");
  }

  /** The AOT cache of the training run. */
  private static Path cache() {
    return tree().resolve("server/target/quick/earshot/earshot.aot");
  }

  private static void assertStartsSilently(Map<String, String> environment) throws Exception {
    try (Program program = earshot(environment, "--version")) {
      assertThat(program.status(START)).isZero();
      assertThat(program.out()).singleElement().asString().startsWith("Earshot ");
      assertThat(program.err()).isEmpty();
    }
  }

  /** Whether the JVM loads classes from the class cache. */
  private static boolean isShared() throws Exception {
    try (Program logged = earshot(Map.of("EARSHOT_JAVA_OPTS", "-Xlog:class+load"), "--version")) {
      assertThat(logged.status(START)).isZero();
      return logged.out().stream()
          .anyMatch(
              line -> line.contains("io.earshot.server.EarshotCommand source: shared objects"));
    }
  }

  private static Path home() {
    return temp.resolve("home");
  }

  private static void assertStaleWith(Path touched) throws Exception {
    FileTime before = Files.getLastModifiedTime(touched);
    Files.setLastModifiedTime(touched, FileTime.from(Instant.now()));
    try {
      assertThat(traced()).contains("earshot: [trace] not up to date: " + touched.toRealPath());
    } finally {
      Files.setLastModifiedTime(touched, before);
    }
  }

  /** The steps that the launcher would take, without taking them. */
  private static List<String> traced() throws Exception {
    try (Program dry = earshot(Map.of("EARSHOT_TRACE", "dry"))) {
      assertThat(dry.status(START)).isZero();
      return dry.err();
    }
  }

  private static Program earshot(Map<String, String> environment, String... args)
      throws IOException {
    var command = new ArrayList<>(List.of("./earshot"));
    command.addAll(List.of(args));
    return new Program(tree(), environment(environment), command);
  }

  /** An old Java first on the PATH, no JAVA_HOME, and a JDK in ~/.jdks. */
  private static Map<String, String> environment(Map<String, String> more) {
    String repository =
        System.getProperty(
            "maven.repo.local",
            System.getProperty(
                "localRepository", System.getProperty("user.home") + "/.m2/repository"));
    var environment = new HashMap<>(more);
    environment.put("HOME", home().toString());
    environment.put("PATH", temp.resolve("old/bin") + ":" + System.getenv("PATH"));
    // Half the work: Maven does not run for long enough to pay for C2, or for threads of a
    // collector.
    environment.put(
        "MAVEN_OPTS",
        "-Dmaven.repo.local=" + repository + " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC");
    return environment;
  }

  private static int port(List<String> lines) {
    Matcher matcher = Pattern.compile("nc localhost (\\d+) ").matcher(String.join("\n", lines));
    assertThat(matcher.find()).as("a port in %s", lines).isTrue();
    return Integer.parseInt(matcher.group(1));
  }

  private static String firstLineOf(int port) throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout((int) START.toMillis());
      var reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      return String.valueOf(reader.readLine());
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    var left = Set.of(".git", "target", "node_modules");
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            if (left.contains(folder.getFileName().toString())) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Files.createDirectories(to.resolve(from.relativize(folder)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (!left.contains(file.getFileName().toString())) {
              Path copy = to.resolve(from.relativize(file));
              Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
