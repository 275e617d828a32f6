package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code bin/release} in a repository of its own, with programs that build nothing. */
class ReleaseScriptTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Path ROOT = Path.of(System.getProperty("earshot.root"));
  private static final String POM =
      """
      <project>
        <artifactId>earshot</artifactId>
        <version>0.8.0-SNAPSHOT</version>
        <artifactId>a-plugin</artifactId>
        <version>0.9.0</version>
      </project>
      """;

  @TempDir Path folder;
  private Path repository;

  @BeforeEach
  void makeRepository() throws Exception {
    repository = folder.resolve("repository");
    for (String each : List.of("bin/release", "bin/find-java.sh")) {
      write("repository/" + each, Files.readString(ROOT.resolve(each)));
    }
    write("repository/pom.xml", POM);
    write("repository/CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n- new\n");
    write("repository/client-js/package.json", "{}\n");
    write("repository/.gitignore", "target\n");
    for (String each : List.of("mvn", "npx")) {
      write("tools/" + each, "#!/bin/sh\nmkdir -p target/staging/maven\n");
    }
    write("tools/npm", "#!/bin/sh\n[ \"$1\" != pack ] || : >../target/staging/npm/a.tgz\n");
    write("tools/gpg", "#!/bin/sh\necho sec\n");
    git("init", "-q");
    git("config", "user.name", "Ada");
    git("config", "user.email", "ada@example.org");
    git("add", ".");
    git("commit", "-qm", "start");
  }

  private void write(String path, String text) throws IOException {
    Path file = folder.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  private List<String> git(String... words) throws Exception {
    try (Program git = run("git", words)) {
      assertThat(git.status(PATIENCE)).as("%s", git.err()).isZero();
      return git.out();
    }
  }

  private Program run(String program, String... words) throws IOException {
    var command = new ArrayList<>(List.of(program));
    command.addAll(List.of(words));
    String path = folder.resolve("tools") + ":" + System.getenv("PATH");
    return new Program(
        repository,
        Map.of("PATH", path, "JAVA_HOME", System.getProperty("java.home"), "HOME", "" + folder),
        command);
  }

  @Test
  void a_release_sets_the_version_of_the_project_and_of_no_plugin() throws Exception {
    try (Program release = run("sh", "bin/release", "0.9.0")) {
      assertThat(release.status(PATIENCE)).as("%s", release.err()).isZero();
    }
    assertThat(git("show", "v0.9.0:pom.xml"))
        .contains("  <version>0.9.0</version>")
        .doesNotContain("  <version>0.8.0-SNAPSHOT</version>");
    assertThat(Files.readString(repository.resolve("pom.xml")))
        .isEqualTo(POM.replace("0.8.0", "0.10.0"));
    assertThat(git("show", "v0.9.0:CHANGELOG.md")).anyMatch(line -> line.startsWith("## 0.9.0, "));
  }

  @Test
  void a_release_that_fails_at_its_tag_leaves_no_commit() throws Exception {
    List<String> before = git("rev-parse", "HEAD");
    git("config", "tag.gpgSign", "true");
    git("config", "gpg.program", "false");
    try (Program release = run("sh", "bin/release", "0.9.0")) {
      assertThat(release.status(PATIENCE)).isNotZero();
      assertThat(release.err()).contains("release: failed; the work tree is as it was");
    }
    assertThat(git("rev-parse", "HEAD")).isEqualTo(before);
    assertThat(git("status", "--porcelain")).isEmpty();
    assertThat(git("tag")).isEmpty();
  }

  @Test
  void a_release_that_is_interrupted_leaves_no_change() throws Exception {
    write("tools/mvn", "#!/bin/sh\nkill -TERM $PPID\n");
    try (Program release = run("sh", "bin/release", "0.9.0")) {
      assertThat(release.status(PATIENCE)).isNotZero();
    }
    assertThat(git("status", "--porcelain")).isEmpty();
    assertThat(Files.readString(repository.resolve("pom.xml"))).isEqualTo(POM);
  }

  /** Otherwise a change of any class inside breaks the release of a patch. */
  @Test
  void the_comparison_of_the_api_leaves_out_the_packages_below() throws IOException {
    assertThat(Files.readString(ROOT.resolve("pom.xml")))
        .contains("<include>io.earshot</include>", "<include>io.earshot.spring</include>")
        .contains("<includeExclusively>true</includeExclusively>");
  }
}
