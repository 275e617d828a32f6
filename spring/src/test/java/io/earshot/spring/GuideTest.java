package io.earshot.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page docs/spring.md compares two programs by their lines. */
class GuideTest {
  private static final Path PAGE =
      Path.of(System.getProperty("earshot.root", ".."), "docs/spring.md");

  /** The lines of one program that are not blank: its classes, its page and its properties. */
  private static long lines(String program) throws IOException {
    var lines = new ArrayList<String>();
    for (String folder :
        List.of("src/test/java/io/earshot/spring/guide/", "src/test/resources/guide/")) {
      try (Stream<Path> files = Files.list(Path.of(folder + program))) {
        for (Path file : files.filter(each -> !each.endsWith("package-info.java")).toList()) {
          lines.addAll(Files.readAllLines(file));
        }
      }
    }
    return lines.stream().filter(line -> !line.isBlank()).count();
  }

  @Test
  void the_program_with_earshot_has_at_most_half_of_the_lines() throws IOException {
    long stomp = lines("stomp");
    long earshot = lines("earshot");
    assertThat(earshot * 2).isLessThanOrEqualTo(stomp);
    assertThat(PAGE)
        .content()
        .contains("| lines that are not blank | " + stomp + " | " + earshot + " |");
  }
}
