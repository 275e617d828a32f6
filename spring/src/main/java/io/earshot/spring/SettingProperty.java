package io.earshot.spring;

import io.earshot.Config;
import io.earshot.config.Setting;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A setting of Earshot as a property of Spring.
 *
 * <p>Immutable.
 *
 * @param path its path among the settings, such as {@code tcpServer.port}
 * @param name its name as a property, such as {@code earshot.tcp-server.port}
 * @param alias its second name as a property; empty for none
 * @param type its type
 * @param setting its meaning and default
 */
record SettingProperty(String path, String name, String alias, Type type, Setting setting) {
  /** What the name of each property begins with. */
  static final String PREFIX = "earshot";

  /** All settings, in the order of the tree. */
  static final List<SettingProperty> ALL = all();

  private static List<SettingProperty> all() {
    var found = new ArrayList<SettingProperty>();
    collect("", Config.class, found);
    return List.copyOf(found);
  }

  private static void collect(String prefix, Class<?> branch, List<SettingProperty> into) {
    for (RecordComponent component : branch.getRecordComponents()) {
      String path = prefix + component.getName();
      Setting setting = component.getAnnotation(Setting.class);
      if (setting == null) {
        collect(path + ".", component.getType(), into);
      } else {
        String alias = setting.alias().isEmpty() ? "" : name(prefix + setting.alias());
        into.add(new SettingProperty(path, name(path), alias, component.getGenericType(), setting));
      }
    }
  }

  /** The name of a setting as Spring writes names of properties. */
  static String name(String path) {
    String dashed = path.replaceAll("([a-z0-9])([A-Z])", "$1-$2");
    return PREFIX + "." + dashed.toLowerCase(Locale.ROOT);
  }

  boolean isList() {
    return type instanceof ParameterizedType generic && generic.getRawType() == List.class;
  }
}
