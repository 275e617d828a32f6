package io.earshot.server.settings;

import static java.util.Locale.ROOT;

import io.earshot.Config;
import io.earshot.config.Words;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Settings as environment variables: {@code EARSHOT_TCPSERVER_PORT} is {@code tcpServer.port}; the
 * case of letters does not matter.
 *
 * <p>Variables that nobody meant for the server are ignored. Container platforms set service links
 * such as {@code EARSHOT_REDIS_PORT=tcp://10.0.0.9:6379} in each container, for a service that is
 * called earshot-redis. Other programs may have variables that begin with {@code EARSHOT_}, too;
 * one whose second word is not a section of the settings is ignored unless it is nearly a setting.
 *
 * <p>Immutable.
 *
 * @param assignments the settings among the variables
 * @param links the names of the variables that look like service links, which are ignored
 */
public record Environment(List<Assignment> assignments, List<String> links) {
  private static final String PREFIX = "EARSHOT_";

  /** Variables that the launcher reads; see {@code ./earshot help}. */
  private static final Set<String> LAUNCHER_VARIABLES =
      Set.of("EARSHOT_JAVA_HOME", "EARSHOT_JAVA_OPTS", "EARSHOT_TRACE");

  /** Service links of Kubernetes and of Docker, by their names alone. */
  private static final Pattern LINK =
      Pattern.compile(
          "EARSHOT(_.+)?_(SERVICE_HOST|SERVICE_PORT(_.+)?|ENV_.+"
              + "|PORT_\\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|PORT_START|PORT_END|ADDR))?)");

  private static final Pattern LINK_TO_PORT = Pattern.compile("(tcp|udp|sctp)://.*");
  private static final Pattern LINK_TO_NAME = Pattern.compile("/[^/]+/[^/]+");

  /** How many letters of a variable may differ from a setting, if its section is unknown. */
  private static final int TYPING_ERRORS = 2;

  /** Copies the lists. */
  public Environment {
    assignments = List.copyOf(assignments);
    links = List.copyOf(links);
  }

  /**
   * Finds the settings among the environment variables.
   *
   * @throws SettingsException if two variables set the same setting
   */
  public static Environment of(Map<String, String> variables) throws SettingsException {
    var paths = new HashMap<String, String>();
    for (Config.Entry entry : Settings.KNOWN) {
      paths.put(variable(entry.path()), entry.path());
      if (!entry.alias().isEmpty()) {
        paths.put(variable(entry.alias()), entry.path());
      }
    }
    var assignments = new ArrayList<Assignment>();
    var links = new ArrayList<String>();
    var setBy = new HashMap<String, String>();
    for (var each : new TreeMap<>(variables).entrySet()) {
      String name = each.getKey();
      String upper = name.toUpperCase(ROOT);
      if (!upper.startsWith(PREFIX) || LAUNCHER_VARIABLES.contains(upper)) {
        continue;
      }
      if (isLink(upper, each.getValue())) {
        links.add(name);
        continue;
      }
      String unknown = upper.substring(PREFIX.length()).toLowerCase(ROOT).replace('_', '.');
      if (!paths.containsKey(upper) && !isInSection(unknown) && !isMistyped(unknown)) {
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
    return new Environment(assignments, links);
  }

  /** Whether a container platform set the variable; no setting has such a name, or such a value. */
  private static boolean isLink(String upper, String value) {
    return LINK.matcher(upper).matches()
        || (upper.endsWith("_PORT") && LINK_TO_PORT.matcher(value).matches())
        || (upper.endsWith("_NAME") && LINK_TO_NAME.matcher(value).matches());
  }

  private static boolean isInSection(String path) {
    return Settings.KNOWN.stream()
        .anyMatch(
            entry -> path.startsWith(entry.path().toLowerCase(ROOT).split("\\.", 2)[0] + "."));
  }

  private static boolean isMistyped(String path) {
    return Settings.KNOWN.stream()
        .anyMatch(entry -> Words.distance(entry.path(), path) <= TYPING_ERRORS);
  }

  /** The name of the variable of a setting. */
  static String variable(String path) {
    return PREFIX + path.toUpperCase(ROOT).replace('.', '_');
  }
}
