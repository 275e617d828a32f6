package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the launcher chooses among the JDKs of a machine. */
class FindJavaTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"25", "25.0.1", "26-ea", "100.0.1+3"})
  void a_jdk_that_is_new_enough_is_used(String version) throws Exception {
    Path jdk = java("jdk", version, true);
    assertThat(found("jdk", Map.of("JAVA_HOME", jdk.toString()))).isEqualTo(jdk.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"24.0.2", "17.0.15", "1.8.0_402", "nonsense"})
  void a_jdk_that_is_too_old_is_skipped(String version) throws Exception {
    Path jdk = java("jdk", version, true);
    assertThat(found("jdk", Map.of("JAVA_HOME", jdk.toString()))).isNotEqualTo(jdk.toString());
  }

  @Test
  void a_jre_without_a_compiler_runs_but_does_not_build() throws Exception {
    Path jre = java("jre", "25.0.1", false);
    assertThat(found("jre", Map.of("JAVA_HOME", jre.toString()))).isEqualTo(jre.toString());
    assertThat(found("jdk", Map.of("JAVA_HOME", jre.toString()))).isNotEqualTo(jre.toString());
  }

  @Test
  void a_java_without_a_release_file_is_asked_for_its_version() throws Exception {
    Path jdk = java("silent", "25.0.1", true);
    Files.delete(jdk.resolve("release"));
    Files.writeString(
        jdk.resolve("bin/java"),
        """
        #!/bin/sh
        echo '    java.home = %s' >&2
        echo '    java.specification.version = 25' >&2
        """
            .formatted(jdk));
    assertThat(found("jdk", Map.of("JAVA_HOME", jdk.toString()))).isEqualTo(jdk.toString());
  }

  @Test
  void a_java_on_the_path_is_found_through_symbolic_links() throws Exception {
    Path jdk = java("jdk", "25.0.1", true);
    Path bin = Files.createDirectory(folder.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("java"), jdk.resolve("bin/java"));
    assertThat(found("jdk", Map.of("PATH", bin + ":" + System.getenv("PATH"))))
        .isEqualTo(jdk.toRealPath().toString());
  }

  @Test
  void an_unusable_java_home_is_an_error_and_not_replaced() throws Exception {
    Path old = java("old", "24", true);
    var environment = Map.of("EARSHOT_JAVA_HOME", old.toString());
    assertThat(found("jdk", environment)).isEmpty();
    try (Program need = shell("need_java jdk", environment)) {
      assertThat(need.status(Duration.ofSeconds(10))).isZero();
      assertThat(need.err())
          .singleElement()
          .asString()
          .startsWith("earshot: EARSHOT_JAVA_HOME is " + old);
    }
  }

  @Test
  void without_a_jdk_the_launcher_says_what_to_install() throws Exception {
    try (Program need = shell("need_java jdk", Map.of())) {
      assertThat(need.status(Duration.ofSeconds(10))).isZero();
      assertThat(String.join("\n", need.err()))
          .startsWith("earshot: no JDK 25 or newer was found")
          .contains("apt-get install", "brew install", "sdk install");
    }
  }

  private String found(String purpose, Map<String, String> environment) throws Exception {
    String command = "find_java " + purpose + " && printf '%s\\n' \"$java_home\"";
    try (Program search = shell(command, environment)) {
      search.status(Duration.ofSeconds(10));
      assertThat(search.err()).isEmpty();
      return String.join("\n", search.out());
    }
  }

  private Program shell(String command, Map<String, String> environment) throws IOException {
    String source = ". '" + System.getProperty("earshot.root") + "/bin/find-java.sh'; ";
    return new Program(folder, environment, List.of("sh", "-uc", source + command));
  }

  private Path java(String name, String version, boolean compiler) throws IOException {
    Path java = Files.createDirectory(folder.resolve(name));
    Path bin = Files.createDirectory(java.resolve("bin"));
    for (String program : compiler ? List.of("java", "javac") : List.of("java")) {
      Path file = Files.writeString(bin.resolve(program), "#!/bin/sh\nexit 1\n");
      assertThat(file.toFile().setExecutable(true)).isTrue();
    }
    Files.writeString(
        java.resolve("release"),
        "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"%s\"\n".formatted(version));
    return java;
  }
}
