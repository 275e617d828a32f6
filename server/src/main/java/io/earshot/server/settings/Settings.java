package io.earshot.server.settings;

import io.earshot.Config;
import io.earshot.config.ConfigTree;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The settings in force, and where each comes from.
 *
 * <p>Immutable.
 *
 * @param config the settings
 * @param sources the source of each setting that a source has set, by path
 */
public record Settings(Config config, Map<String, String> sources) {
  /** All settings that exist. */
  static final List<Config.Entry> KNOWN = Config.defaults().entries();

  /** Copies the map. */
  public Settings {
    sources = Map.copyOf(sources);
  }

  /**
   * The defaults, changed by each assignment in order; a later assignment overrides an earlier one.
   *
   * @throws SettingsException if a setting does not exist, a value is invalid or the mask of a
   *     secret, or settings contradict each other
   */
  public static Settings of(List<Assignment> assignments) throws SettingsException {
    Config config = Config.defaults();
    var sources = new HashMap<String, String>();
    var masked = new TreeSet<String>();
    for (Assignment assignment : assignments) {
      String path = pathOf(assignment.path());
      sources.put(path, assignment.source());
      if (ConfigTree.isMask(config, path, assignment.value())) {
        masked.add(path);
        continue;
      }
      masked.remove(path);
      try {
        config = config.with(assignment.path(), assignment.value());
      } catch (IllegalArgumentException e) {
        throw new SettingsException(assignment.source() + ": " + e.getMessage());
      }
    }
    if (!masked.isEmpty()) {
      String path = masked.first();
      throw new SettingsException(
          sources.get(path)
              + ": "
              + path
              + " is ***, which ./earshot config shows instead of a secret: write the secret, or set"
              + " the environment variable "
              + Environment.variable(path));
    }
    if (!config.tcpServer().enabled() && !config.httpServer().enabled()) {
      throw new SettingsException(
          "tcpServer.enabled and httpServer.enabled are both false: leave at least one true");
    }
    try {
      config.check();
    } catch (IllegalArgumentException e) {
      throw new SettingsException(String.valueOf(e.getMessage()));
    }
    return new Settings(config, sources);
  }

  /** The path of the setting that has this alias; the name itself if it is not an alias. */
  static String pathOf(String name) {
    for (Config.Entry entry : KNOWN) {
      if (entry.alias().equals(name)) {
        return entry.path();
      }
    }
    return name;
  }
}
