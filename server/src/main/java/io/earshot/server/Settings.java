package io.earshot.server;

import io.earshot.Config;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The settings in force, and who said those that were said.
 *
 * <p>Immutable.
 *
 * @param config the settings
 * @param sources for each path that some source gave: the source that had the last word
 */
record Settings(Config config, Map<String, String> sources) {
  /** Every setting there is, by its path. */
  static final List<Config.Entry> KNOWN = Config.defaults().entries();

  Settings {
    sources = Map.copyOf(sources);
  }

  /**
   * The defaults, changed by each assignment in turn.
   *
   * @throws SettingsException if one names no setting, or its value is not one for it
   */
  static Settings of(List<Assignment> assignments) throws SettingsException {
    Config config = Config.defaults();
    var sources = new HashMap<String, String>();
    for (Assignment assignment : assignments) {
      try {
        config = config.with(assignment.path(), assignment.value());
      } catch (IllegalArgumentException e) {
        throw new SettingsException(assignment.source() + ": " + e.getMessage());
      }
      sources.put(pathOf(assignment.path()), assignment.source());
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

  /** The setting's own path, if this is another name for one. */
  static String pathOf(String name) {
    for (Config.Entry entry : KNOWN) {
      if (entry.alias().equals(name)) {
        return entry.path();
      }
    }
    return name;
  }
}
