package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

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

/** What the pages quote is what stands in the files that the build runs. */
final class DocumentationTest {
  private static final Path ROOT = Path.of(System.getProperty("earshot.root", ".."));
  private static final Pattern QUOTE =
      Pattern.compile("<!-- from: (\\S+) -->\n```\\w+\n(.*?)\n```", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");

  static List<Path> pages() throws IOException {
    var pages = new ArrayList<Path>();
    for (Path folder : new Path[] {ROOT, ROOT.resolve("docs")}) {
      try (Stream<Path> files = Files.list(folder)) {
        files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
      }
    }
    return pages;
  }

  @ParameterizedTest
  @MethodSource("pages")
  void quotes_stand_in_the_files_that_they_are_from_and_links_lead_somewhere(Path page)
      throws IOException {
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

  /** A test as the pages name it: its class and its method. */
  private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|Contract))\\.(\\w+)`");

  @Test
  void tests_that_threats_are_held_by_exist() throws IOException {
    var sources = new HashMap<String, String>();
    try (Stream<Path> modules = Files.list(ROOT)) {
      for (Path tests : modules.map(module -> module.resolve("src/test/java")).toList()) {
        if (Files.isDirectory(tests)) {
          try (Stream<Path> files = Files.walk(tests)) {
            for (Path file : files.filter(file -> file.toString().endsWith(".java")).toList()) {
              // Modules may have tests of the same name.
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
