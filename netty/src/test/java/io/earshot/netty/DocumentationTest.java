package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The pages of the documentation quote the files that the build runs. */
final class DocumentationTest {
  private static final Path ROOT = Path.of(System.getProperty("earshot.root", ".."));
  private static final Pattern QUOTE =
      Pattern.compile("<!-- from: (\\S+) -->\n```\\w+\n(.*?)\n```", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");

  static List<Path> pages() throws IOException {
    var pages = new ArrayList<Path>();
    for (Path folder : new Path[] {ROOT, ROOT.resolve("docs"), ROOT.resolve("examples")}) {
      try (Stream<Path> files = Files.list(folder)) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
      }
    }
    return pages;
  }

  @ParameterizedTest
  @MethodSource("pages")
  void quotes_match_their_files_and_links_have_a_target(Path page) throws IOException {
    String text = Files.readString(page);
    assertThat(text.split("<!-- from: ", -1))
        .hasSize(1 + (int) QUOTE.matcher(text).results().count());
    for (Matcher quote = QUOTE.matcher(text); quote.find(); ) {
      assertThat(flat(Files.readString(ROOT.resolve(quote.group(1)))))
          .contains(flat(quote.group(2)));
    }
    for (Matcher link = LINK.matcher(text); link.find(); ) {
      assertThat(page.resolveSibling(link.group(1))).exists();
    }
  }

  /** A setting as the pages name it. */
  private static final Pattern SETTING =
      Pattern.compile(
          "`((?:general|tcpServer|httpServer|webSockets|commonWeb|rooms|tokens|users|hooks|redis|admin"
              + "|backEnds|webhooks|feed(?!\\.log`)|postgres|management|log|explain|metrics|limits)\\.[A-Za-z.]+)`");

  @ParameterizedTest
  @MethodSource("pages")
  void settings_that_pages_name_exist(Path page) throws IOException {
    List<String> paths = Config.defaults().entries().stream().map(Config.Entry::path).toList();
    for (String line : Files.readAllLines(page)) {
      // There the first column has what settings are called somewhere else.
      boolean isElsewhere = page.endsWith("migration.md") && line.startsWith("|");
      String ours = isElsewhere ? line.substring(line.indexOf('|', 1)) : line;
      for (Matcher setting = SETTING.matcher(ours); setting.find(); ) {
        assertThat(paths).as(line).anyMatch(path -> isIn(path, setting.group(1)));
      }
    }
  }

  /** Whether a setting is this one, or one of this group. */
  private static boolean isIn(String path, String name) {
    return path.equals(name) || path.startsWith(name + ".");
  }

  /** A test as the pages name it: its class and its method. */
  private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|Contract))\\.(\\w+)`");

  @Test
  void the_tests_that_the_threat_page_names_exist() throws IOException {
    var sources = new HashMap<String, String>();
    try (Stream<Path> modules = Files.list(ROOT)) {
      for (Path tests : modules.map(module -> module.resolve("src/test/java")).toList()) {
        if (Files.isDirectory(tests)) {
          try (Stream<Path> files = Files.walk(tests)) {
            for (Path file : files.filter(file -> file.toString().endsWith(".java")).toList()) {
              // Some tests of two modules have one name.
              sources.merge(file.getFileName().toString(), Files.readString(file), String::concat);
            }
          }
        }
      }
    }
    String page = Files.readString(ROOT.resolve("docs/threats.md"));
    for (String row : page.lines().filter(line -> line.startsWith("| ")).toList()) {
      assertThat(row.startsWith("| attack |") || TEST.matcher(row).find()).as(row).isTrue();
    }
    for (Matcher test = TEST.matcher(page); test.find(); ) {
      assertThat(sources.getOrDefault(test.group(1) + ".java", ""))
          .as(test.group())
          .containsPattern("void\\s+" + test.group(2) + "\\(");
    }
  }

  @Test
  void the_readme_stays_short() throws IOException {
    assertThat(Files.readAllLines(ROOT.resolve("README.md"))).hasSizeLessThan(150);
  }

  /** Without indentation, which differs between a file and a quote. */
  private static String flat(String text) {
    return text.replaceAll("(?m)^ +", "");
  }
}
