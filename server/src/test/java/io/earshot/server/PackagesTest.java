package io.earshot.server;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.lang.ArchRule;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The table of packages: which package may use which. A line may name only packages of the lines
 * above it, so the table has no circle and reads in the order of dependence.
 */
class PackagesTest {
  private static final JavaClasses EARSHOT =
      new ClassFileImporter()
          .withImportOption(new DoNotIncludeTests())
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("io.earshot");

  /** Packages by name without {@code io.earshot.}, lowest first, each with what it may use. */
  private static final String TABLE =
      """
      protocol:
      config: protocol
      token: protocol config
      api: protocol config token
      stats: api
      events: protocol api
      spi: protocol api stats
      moderation: protocol api spi
      access: protocol config token api stats spi moderation
      action: protocol api stats spi
      disk: config
      feed.log: protocol config api spi disk
      feed: protocol api stats spi action disk feed.log
      login: protocol token api stats spi action
      hook: protocol config api stats spi login action
      history: protocol config api stats disk
      room: protocol config api stats events spi feed history
      archive: protocol config spi history room
      connection: protocol config api stats events spi moderation access login action feed hook room archive
      web: protocol api stats events spi access action feed hook history room archive connection
      session: protocol config token api stats events spi access login action feed hook history room archive connection
      explain: protocol api events history room connection
      cluster: protocol config api stats spi moderation access action feed history room connection web session explain
      monitor: protocol api stats spi history room connection cluster
      engine: protocol config token api stats spi moderation access login action disk feed hook history room archive connection web session explain cluster monitor
      netty.loop: api stats spi
      netty.frame: protocol spi
      netty.tls: config api spi netty.loop
      netty.socket: stats spi netty.loop netty.frame netty.tls
      netty.identity: protocol config token api spi netty.frame
      netty.http: protocol config api spi engine netty.loop netty.frame netty.tls netty.identity
      netty.page: protocol config api engine netty.frame netty.http
      netty.room: protocol token api spi engine netty.frame netty.identity netty.http
      netty.action: protocol api spi engine netty.loop netty.http
      netty.console: protocol api spi monitor engine netty.loop netty.http
      netty.operator: protocol api events spi netty.http
      netty.publish: protocol api spi engine netty.http netty.room
      netty.admin: protocol api events stats spi explain monitor engine netty.loop netty.identity netty.http netty.room netty.console netty.operator netty.publish
      netty: protocol api stats spi monitor engine netty.loop netty.frame netty.tls netty.socket netty.identity netty.http netty.page netty.room netty.action netty.console netty.operator netty.admin
      metrics: api stats spi engine netty
      redis.link: api spi
      redis.connection: config api spi redis.link
      redis.say: protocol spi redis.connection
      redis.feed: protocol spi redis.connection redis.say
      redis: protocol api spi redis.link redis.connection redis.say redis.feed
      backend.http: config api
      backend.hook: protocol config api spi backend.http
      backend.webhook: protocol config api spi backend.http
      postgres: protocol config api spi
      server.log: api spi
      server.settings: config api server.log
      server.actions: api server.settings
      server.remote: protocol server.settings
      server: protocol config api access netty server.log server.settings server.actions server.remote
      """;

  private static final Map<String, List<String>> MAY_USE = new LinkedHashMap<>();

  static {
    for (String line : TABLE.lines().toList()) {
      String[] parts = line.split(":", 2);
      MAY_USE.put(
          parts[0],
          List.of(parts[1].strip().split(" ")).stream().filter(each -> !each.isEmpty()).toList());
    }
  }

  private static final Path ROOT = Path.of(System.getProperty("earshot.root"));

  /** Without examples and micro-benchmarks, which add classes to the packages of others. */
  private static final List<String> MODULES =
      List.of(
          "protocol",
          "core",
          "netty",
          "metrics",
          "redis",
          "backend",
          "postgres",
          "server",
          "client",
          "test-support",
          "spring",
          "bench");

  private static final int MOST_LINES = 500;

  /** Files in one package: fewer are no subject of their own, more are several. */
  private static final int FEWEST_FILES = 4;

  private static final int MOST_FILES = 16;

  /** Tables, which are long because they are complete. */
  private static final List<String> TABLES = List.of("Config.java");

  /** What programs import: one package each, whatever its size. */
  private static final List<String> API_PACKAGES =
      List.of("io.earshot", "io.earshot.protocol", "io.earshot.spi", "io.earshot.client");

  @Test
  void each_package_uses_only_packages_that_its_line_names() {
    MAY_USE.forEach((name, used) -> usesOnly(name, used).check(EARSHOT));
  }

  @Test
  void a_line_names_only_packages_of_the_lines_above_it() {
    var above = new ArrayList<String>();
    MAY_USE.forEach(
        (name, used) -> {
          assertThat(above).as("lines above " + name).containsAll(used);
          above.add(name);
        });
  }

  /** A line that allows more than the code uses would not describe the code. */
  @Test
  void no_line_allows_more_than_is_used() {
    var uses = new TreeMap<String, Set<String>>();
    for (JavaClass type : EARSHOT) {
      Set<String> used = uses.computeIfAbsent(type.getPackageName(), _ -> new TreeSet<>());
      type.getDirectDependenciesFromSelf()
          .forEach(each -> used.add(each.getTargetClass().getPackageName()));
    }
    MAY_USE.forEach(
        (name, used) ->
            assertThat(uses.get(packageOf(name)))
                .as("what " + name + " uses")
                .containsAll(used.stream().map(PackagesTest::packageOf).toList()));
  }

  @Test
  void no_packages_form_a_circle() {
    slices().matching("io.earshot.(**)").should().beFreeOfCycles().check(EARSHOT);
  }

  @Test
  void each_package_has_a_line() {
    var packages = new TreeSet<String>();
    EARSHOT.forEach(type -> packages.add(type.getPackageName()));
    var lines = new TreeSet<String>();
    MAY_USE.keySet().forEach(name -> lines.add(packageOf(name)));
    assertThat(packages).isEqualTo(lines);
  }

  /**
   * Constants are inlined, so that bytecode does not show which package uses them; imports do. The
   * engine uses constants of {@code config}, and nothing else of it.
   */
  @Test
  void imports_follow_the_table_too() {
    var pattern = Pattern.compile("import (?:static )?(io\\.earshot(?:\\.[a-z]\\w*)*)\\.[A-Z].*");
    for (Path file : sources()) {
      List<String> used = MAY_USE.get(nameOf(packageOf(file)));
      if (used == null) {
        continue; // a module that is not on the server's class path
      }
      var allowed = new ArrayList<>(used.stream().map(PackagesTest::packageOf).toList());
      allowed.add(packageOf(file));
      if (packageOf(file).equals("io.earshot.engine")) {
        allowed.add("io.earshot.config");
      }
      for (String line : lines(file)) {
        var found = pattern.matcher(line);
        if (found.matches()) {
          assertThat(allowed).as(file + ": " + line).contains(found.group(1));
        }
      }
    }
  }

  /** They are named in the build, and one that is not named there would not run. */
  @Test
  void tests_that_run_alone_are_named_in_the_build() {
    List<String> named =
        tests().stream()
            .filter(
                file -> lines(file).stream().anyMatch(each -> each.startsWith("@Tag(\"alone\")")))
            .map(file -> "<include>**/" + file.getFileName() + "</include>")
            .toList();
    assertThat(named).isNotEmpty();
    assertThat(ROOT.resolve("core/pom.xml")).content().contains(named);
    assertThat(ROOT.resolve("core/tests/pom.xml")).content().contains(named);
  }

  @Test
  void each_package_is_null_marked() {
    for (Path folder : folders().values()) {
      assertThat(folder.resolve("package-info.java")).content().contains("@NullMarked\npackage ");
    }
  }

  @Test
  void a_package_holds_four_to_sixteen_files() {
    folders()
        .forEach(
            (name, folder) -> {
              if (!API_PACKAGES.contains(name)) {
                assertThat(files(folder))
                    .as("files in " + name)
                    .hasSizeBetween(FEWEST_FILES, MOST_FILES);
              }
            });
  }

  @Test
  void no_file_is_longer_than_500_lines_but_the_table_of_settings() {
    var tooLong =
        Stream.concat(sources().stream(), tests().stream())
            .filter(file -> !TABLES.contains(file.getFileName().toString()))
            .filter(file -> lines(file).size() > MOST_LINES)
            .map(file -> ROOT.relativize(file) + ": " + lines(file).size() + " lines");
    assertThat(tooLong).isEmpty();
  }

  @Test
  void the_api_and_the_spi_show_only_types_of_the_api_the_spi_the_stats_and_the_protocol() {
    classes()
        .that()
        .resideInAnyPackage("io.earshot", "io.earshot.spi")
        .should(
            ArchitectureTest.nameInPublicOnly(
                ArchitectureTest.javaOr(
                    "io.earshot",
                    "io.earshot.spi",
                    "io.earshot.stats",
                    "io.earshot.protocol",
                    "io.netty.buffer")))
        .check(EARSHOT);
  }

  /** A call of an interface costs a look-up where several classes implement it. */
  @Test
  void the_fan_out_calls_no_interface_of_ours_per_member_but_the_wire_and_the_socket() {
    assertThat(EARSHOT.get("io.earshot.room.Subscriber").isInterface()).isFalse();
    // The span of a say is asked once for the message, and only if it is traced.
    callsNoInterfaceBut("room.Fanout", ".*", "Wire", "SaySpan").check(EARSHOT);
    callsNoInterfaceBut("session.OutboundConnection", "deliver", "Outbound").check(EARSHOT);
    assertThatThrownBy(() -> callsNoInterfaceBut("room.Fanout", ".*").check(EARSHOT))
        .isInstanceOf(AssertionError.class);
  }

  private static ArchRule callsNoInterfaceBut(String caller, String method, String... allowed) {
    return noClasses()
        .that()
        .haveNameMatching(("io.earshot." + caller).replace(".", "\\.") + "(\\$.*)?")
        .should()
        .callMethodWhere(
            DescribedPredicate.describe(
                "the target is an interface of Earshot other than " + List.of(allowed),
                call ->
                    call.getOrigin().getName().matches(method)
                        && call.getTargetOwner().isInterface()
                        && call.getTargetOwner().getPackageName().startsWith("io.earshot")
                        && !List.of(allowed).contains(call.getTargetOwner().getSimpleName())));
  }

  private static ArchRule usesOnly(String name, List<String> used) {
    String[] known =
        Stream.concat(Stream.of(name), used.stream())
            .map(PackagesTest::packageOf)
            .toArray(String[]::new);
    return noClasses()
        .that()
        .resideInAPackage(packageOf(name))
        .should()
        .dependOnClassesThat(resideInAPackage("io.earshot..").and(not(resideInAnyPackage(known))))
        .as(name + " uses only " + used);
  }

  /** The packages of the core module, lowest first. */
  static String[] core() {
    var names = new ArrayList<>(MAY_USE.keySet());
    return names.subList(names.indexOf("config"), names.indexOf("engine") + 1).stream()
        .map(PackagesTest::packageOf)
        .toArray(String[]::new);
  }

  private static String packageOf(String name) {
    return name.equals("api") ? "io.earshot" : "io.earshot." + name;
  }

  private static String nameOf(String packageName) {
    return packageName.equals("io.earshot") ? "api" : packageName.substring("io.earshot.".length());
  }

  private static String packageOf(Path file) {
    String path = file.toString().replace(File.separatorChar, '/');
    int start = path.indexOf("/java/io/earshot") + "/java/".length();
    return path.substring(start, path.lastIndexOf('/')).replace('/', '.');
  }

  /** The folder of each package of main code, by the package's name. */
  private static Map<String, Path> folders() {
    var folders = new TreeMap<String, Path>();
    sources().forEach(file -> folders.put(packageOf(file), file.resolveSibling("")));
    return folders;
  }

  private static List<Path> sources() {
    return javaBelow("src/main/java");
  }

  private static List<Path> tests() {
    return javaBelow("src/test/java");
  }

  private static List<Path> javaBelow(String folder) {
    var found = new ArrayList<Path>();
    for (String module : MODULES) {
      try (Stream<Path> below = Files.walk(ROOT.resolve(module).resolve(folder))) {
        below.filter(file -> file.toString().endsWith(".java")).forEach(found::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    assertThat(found).isNotEmpty();
    return found;
  }

  private static List<Path> files(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".java")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
