package io.earshot.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.protocol.Json;
import java.io.IOException;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What editors know of the properties, which is made from the tree of settings. */
class MetadataTest {
  private static final String FILE = "META-INF/spring-configuration-metadata.json";
  private static final Path SOURCE = Path.of("src/main/resources", FILE);
  private static final Path WRITTEN = Path.of("target", FILE);

  @Test
  void the_metadata_has_each_setting_as_the_tree_has_it() throws IOException {
    Files.createDirectories(WRITTEN.resolveSibling("."));
    Files.writeString(WRITTEN, text());
    assertThat(Files.exists(SOURCE) ? Files.readString(SOURCE) : "")
        .as("a setting has changed: copy spring/" + WRITTEN + " to spring/" + SOURCE)
        .isEqualTo(text());
  }

  /** The file, with one line for each property. */
  private static String text() {
    List<String> groups =
        SettingProperty.ALL.stream()
            .map(each -> each.name().substring(0, each.name().lastIndexOf('.')))
            .distinct()
            .map(name -> json(Map.of("name", name)))
            .toList();
    var properties = new ArrayList<String>();
    new TreeMap<>(SpringSettings.OWN)
        .forEach(
            (name, meaning) -> properties.add(property(name, "java.lang.Boolean", meaning, true)));
    SettingProperty.ALL.forEach(each -> properties.add(property(each)));
    return "{\"groups\":[\n"
        + String.join(",\n", groups)
        + "\n],\"properties\":[\n"
        + String.join(",\n", properties)
        + "\n]}\n";
  }

  private static String property(SettingProperty setting) {
    String usual =
        SpringSettings.DEFAULTS.getOrDefault(setting.path(), setting.setting().defaultValue());
    return property(
        setting.name(), typeName(setting.type()), setting.setting().value(), shown(setting, usual));
  }

  private static @Nullable Object shown(SettingProperty setting, String usual) {
    if (usual.isEmpty() || usual.equals("null")) {
      return null;
    } else if (setting.type() == int.class) {
      return Integer.valueOf(usual);
    } else if (setting.type() == boolean.class) {
      return Boolean.valueOf(usual);
    }
    return setting.isList() ? List.of(usual.split(" *, *")) : usual;
  }

  private static String typeName(Type type) {
    if (type == int.class) {
      return "java.lang.Integer";
    } else if (type == boolean.class) {
      return "java.lang.Boolean";
    }
    String name = type.getTypeName();
    return name.startsWith(Optional.class.getName()) ? "java.time.Duration" : name;
  }

  private static String property(String name, String type, String meaning, @Nullable Object usual) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("name", name);
    fields.put("type", type);
    fields.put("description", meaning);
    if (usual != null) {
      fields.put("defaultValue", usual);
    }
    return json(fields);
  }

  private static String json(Map<String, ?> fields) {
    return new String(Json.from(fields).encode(), StandardCharsets.UTF_8);
  }
}
