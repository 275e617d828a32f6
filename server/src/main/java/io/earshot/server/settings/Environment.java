package io.earshot.server.settings;

import static java.util.Locale.ROOT;

import io.earshot.Config;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Settings as environment variables: {@code EARSHOT_TCPSERVER_PORT} is {@code tcpServer.port}; the
 * case of letters does not matter. A variable whose second word is not a section of the settings is
 * ignored: container platforms set variables such as {@code EARSHOT_PORT} for a service that is
 * called earshot.
 */
public final class Environment {
  private static final String PREFIX = "EARSHOT_";

  /** Variables that the launcher reads; see {@code ./earshot help}. */
  private static final Set<String> LAUNCHER_VARIABLES =
      Set.of("EARSHOT_JAVA_HOME", "EARSHOT_JAVA_OPTS", "EARSHOT_TRACE");

  private Environment() {}

  /**
   * The settings among the environment variables.
   *
   * @throws SettingsException if two variables set the same setting
   */
  public static List<Assignment> assignments(Map<String, String> variables)
      throws SettingsException {
    var paths = new HashMap<String, String>();
    for (Config.Entry entry : Settings.KNOWN) {
      paths.put(variable(entry.path()), entry.path());
      if (!entry.alias().isEmpty()) {
        paths.put(variable(entry.alias()), entry.path());
      }
    }
    var assignments = new ArrayList<Assignment>();
    var setBy = new HashMap<String, String>();
    for (var each : new TreeMap<>(variables).entrySet()) {
      String name = each.getKey();
      String upper = name.toUpperCase(ROOT);
      if (!upper.startsWith(PREFIX) || LAUNCHER_VARIABLES.contains(upper)) {
        continue;
      }
      String unknown = upper.substring(PREFIX.length()).toLowerCase(ROOT).replace('_', '.');
      if (!paths.containsKey(upper) && !isInSection(unknown)) {
        continue;
      }
      String path = paths.getOrDefault(upper, unknown);
      String other = setBy.put(path, name);
      if (other != null) {
        throw new SettingsException(
            "environment variables " + other + " and " + name + " set the same setting: unset one");
      }
      assignments.add(new Assignment(path, each.getValue(), "environment variable " + name));
    }
    return assignments;
  }

  private static boolean isInSection(String path) {
    return Settings.KNOWN.stream()
        .anyMatch(
            entry -> path.startsWith(entry.path().toLowerCase(ROOT).split("\\.", 2)[0] + "."));
  }

  private static String variable(String path) {
    return PREFIX + path.toUpperCase(ROOT).replace('.', '_');
  }
}
