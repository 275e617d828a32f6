package io.earshot.server.settings;

import io.earshot.Config;
import io.earshot.server.log.OneLine;
import java.util.Arrays;
import java.util.List;

/** Shows the settings in force as a YAML file with comments, which {@link SettingsFile} reads. */
public final class SettingsPage {
  private static final int WIDTH = 100;
  private static final String HEAD =
      """
      # The settings of an Earshot server. To use this file:  ./earshot --config FILE
      # A setting that is left out has its default. A setting can also be an environment variable
      # (EARSHOT_TCPSERVER_PORT=5001) or an option (--set tcpServer.port=5001).
      # Options override environment variables, and environment variables override the file.
      """;

  private SettingsPage() {}

  /** The file as one text. */
  public static String of(Settings settings) {
    var page = new StringBuilder(HEAD);
    List<String> open = List.of();
    for (Config.Entry entry : settings.config().entries()) {
      List<String> names = Arrays.asList(entry.path().split("\\."));
      List<String> sections = names.subList(0, names.size() - 1);
      for (int depth = 0; depth < sections.size(); depth++) {
        if (!open.equals(sections) && !startsWith(open, sections.subList(0, depth + 1))) {
          page.append('\n').append("  ".repeat(depth)).append(sections.get(depth)).append(":\n");
        }
      }
      open = sections;
      String indent = "  ".repeat(sections.size());
      comment(page, indent, entry.meaning());
      comment(page, indent, "Default: " + entry.defaultValue());
      String source = settings.sources().get(entry.path());
      if (source != null && !entry.value().equals(entry.defaultValue())) {
        comment(page, indent, "Set by: " + OneLine.of(source));
      }
      if (entry.isMasked()) {
        // A start refuses the mask, so that who uses the page as a file does not lose the secret.
        comment(page, indent, "Secret, and not shown here: write it instead of ***.");
      }
      page.append(indent).append(names.getLast() + ": " + entry.value()).append('\n');
    }
    return page.toString();
  }

  private static boolean startsWith(List<String> list, List<String> start) {
    return list.size() >= start.size() && list.subList(0, start.size()).equals(start);
  }

  private static void comment(StringBuilder page, String indent, String text) {
    var line = new StringBuilder(indent).append('#');
    for (String word : text.split(" ", -1)) {
      if (line.length() + 1 + word.length() > WIDTH && line.length() > indent.length() + 1) {
        page.append(line).append('\n');
        line = new StringBuilder(indent).append('#');
      }
      line.append(' ').append(word);
    }
    page.append(line).append('\n');
  }
}
