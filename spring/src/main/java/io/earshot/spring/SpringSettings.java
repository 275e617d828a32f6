package io.earshot.spring;

import io.earshot.Config;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.context.properties.source.IterableConfigurationPropertySource;
import org.springframework.boot.convert.DurationStyle;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/**
 * The settings of Earshot from the properties of an application.
 *
 * <p>Immutable; static methods only.
 */
final class SpringSettings {
  /** Properties of the starter that are no settings of Earshot. */
  static final Map<String, String> OWN =
      Map.of(
          "earshot.enabled",
          "Whether the application starts an Earshot server.",
          "earshot.logins",
          "Whether the principal of Spring Security becomes the user of a connection: by the session"
              + " of the request's cookie, or by a token that the application's JwtDecoder accepts.");

  /** Defaults that fit an application, which has the port 8080 and metrics of its own. */
  static final Map<String, String> DEFAULTS =
      Map.of("httpServer.port", "8081", "metrics.enabled", "false");

  private static final Pattern DASH = Pattern.compile("-([a-z])");

  private SpringSettings() {}

  /**
   * Reads the settings.
   *
   * @throws IllegalArgumentException if a property is no setting, or its value does not fit; the
   *     message names the property
   */
  static Config of(Environment environment) {
    refuseUnknown(environment);
    Binder binder = Binder.get(environment);
    Config config = Config.defaults();
    for (var each : DEFAULTS.entrySet()) {
      config = config.with(each.getKey(), each.getValue());
    }
    for (SettingProperty property : SettingProperty.ALL) {
      Object value = value(binder, property, property.name());
      if (value == null && !property.alias().isEmpty()) {
        value = value(binder, property, property.alias());
      }
      if (value != null) {
        try {
          config = config.with(property.path(), value);
        } catch (IllegalArgumentException e) {
          throw new IllegalArgumentException(
              "the property " + property.name() + ": " + e.getMessage(), e);
        }
      }
    }
    return config;
  }

  private static @Nullable Object value(Binder binder, SettingProperty property, String name) {
    if (property.isList()) {
      return binder.bind(name, Bindable.listOf(String.class)).orElse(null);
    }
    String text = binder.bind(name, Bindable.of(String.class)).orElse(null);
    if (text != null
        && property.type().getTypeName().contains("Duration")
        && text.strip().toUpperCase(Locale.ROOT).startsWith("PT")) {
      return DurationStyle.ISO8601.parse(text.strip());
    }
    return text;
  }

  /**
   * Refuses properties that are no settings. Variables of the environment may be others', and so
   * may properties of the JVM outside of the groups of settings.
   */
  private static void refuseUnknown(Environment environment) {
    Set<ConfigurationPropertyName> known = new HashSet<>();
    OWN.keySet().forEach(name -> known.add(ConfigurationPropertyName.of(name)));
    for (SettingProperty property : SettingProperty.ALL) {
      known.add(ConfigurationPropertyName.of(property.name()));
      if (!property.alias().isEmpty()) {
        known.add(ConfigurationPropertyName.of(property.alias()));
      }
    }
    var ours = ConfigurationPropertyName.of(SettingProperty.PREFIX);
    for (ConfigurationPropertySource source : ConfigurationPropertySources.get(environment)) {
      if (source instanceof IterableConfigurationPropertySource names
          && !(source.getUnderlyingSource() instanceof SystemEnvironmentPropertySource)) {
        List<ConfigurationPropertyName> wrong =
            names.stream()
                .filter(ours::isAncestorOf)
                .map(name -> name.isLastElementIndexed() ? name.getParent() : name)
                .filter(name -> !known.contains(name))
                .filter(name -> !isOfJvm(source) || isInGroup(name, known))
                .toList();
        if (!wrong.isEmpty()) {
          throw new IllegalArgumentException(unknown(wrong.get(0).toString()));
        }
      }
    }
  }

  private static boolean isOfJvm(ConfigurationPropertySource source) {
    return source.getUnderlyingSource() instanceof PropertySource<?> underlying
        && underlying.getName().equals(StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME);
  }

  private static boolean isInGroup(
      ConfigurationPropertyName name, Set<ConfigurationPropertyName> known) {
    ConfigurationPropertyName group = name.chop(2);
    return known.stream().anyMatch(each -> group.isAncestorOf(each));
  }

  private static String unknown(String property) {
    String dashed = property.substring(SettingProperty.PREFIX.length() + 1);
    String path = DASH.matcher(dashed).replaceAll(found -> found.group(1).toUpperCase(Locale.ROOT));
    String reason = "it is a group of settings";
    try {
      Config.defaults().with(path, "");
    } catch (IllegalArgumentException e) {
      reason = String.valueOf(e.getMessage());
    }
    return "the property " + property + " is not known: " + reason;
  }
}
