package io.earshot.server;

import static java.util.Locale.ROOT;

import io.earshot.Config;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Settings as environment variables: {@code EARSHOT_TCPSERVER_PORT} is {@code tcpServer.port},
 * whatever its case. A variable whose first word is none of the tree's branches is somebody else's:
 * container platforms set {@code EARSHOT_PORT} and its like for a service of that name.
 */
final class Environment {
  private static final String PREFIX = "EARSHOT_";

  /** What concerns the launcher and not the server; see {@code ./earshot help}. */
  private static final Set<String> OF_THE_LAUNCHER =
      Set.of("EARSHOT_JAVA_HOME", "EARSHOT_JAVA_OPTS", "EARSHOT_TRACE");

  private Environment() {}

  /**
   * What the variables say.
   *
   * @throws SettingsException if two of them say the same setting
   */
  static List<Assignment> assignments(Map<String, String> variables) throws SettingsException {
    var paths = new HashMap<String, String>();
    for (Config.Entry entry : Settings.KNOWN) {
      paths.put(variable(entry.path()), entry.path());
      if (!entry.alias().isEmpty()) {
        paths.put(variable(entry.alias()), entry.path());
      }
    }
    var assignments = new ArrayList<Assignment>();
    var saidBy = new HashMap<String, String>();
    for (var each : new TreeMap<>(variables).entrySet()) {
      String name = each.getKey();
      String upper = name.toUpperCase(ROOT);
      if (!upper.startsWith(PREFIX) || OF_THE_LAUNCHER.contains(upper)) {
        continue;
      }
      String unknown = upper.substring(PREFIX.length()).toLowerCase(ROOT).replace('_', '.');
      if (!paths.containsKey(upper) && !isOfABranch(unknown)) {
        continue;
      }
      String path = paths.getOrDefault(upper, unknown);
      String other = saidBy.put(path, name);
      if (other != null) {
        throw new SettingsException(
            "environment variables " + other + " and " + name + " say the same: unset one");
      }
      assignments.add(new Assignment(path, each.getValue(), "environment variable " + name));
    }
    return assignments;
  }

  private static boolean isOfABranch(String path) {
    return Settings.KNOWN.stream()
        .anyMatch(
            entry -> path.startsWith(entry.path().toLowerCase(ROOT).split("\\.", 2)[0] + "."));
  }

  private static String variable(String path) {
    return PREFIX + path.toUpperCase(ROOT).replace('.', '_');
  }
}
