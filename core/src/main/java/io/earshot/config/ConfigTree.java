package io.earshot.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Makes, reads and changes a tree of records by path. A record component with a {@link Setting}
 * annotation is a setting; a component without one is a branch, which is a record itself.
 *
 * <p>Immutable; static methods only.
 */
public final class ConfigTree {
  private ConfigTree() {}

  /** A tree in which each setting has its default. */
  public static <R extends Record> R defaults(Class<R> type) {
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      Class<?> kind = components[i].getType();
      Setting setting = components[i].getAnnotation(Setting.class);
      values[i] =
          setting == null
              ? defaults(kind.asSubclass(Record.class))
              : SettingText.parse(components[i].getName(), kind, setting, setting.defaultValue());
    }
    return made(type, components, values);
  }

  /**
   * A copy of a tree with one setting changed.
   *
   * @param path the path of the setting, by names or aliases
   * @param value a value of the setting's type, or a text
   * @throws IllegalArgumentException if there is no such setting, or the value does not fit; the
   *     message says what to write
   */
  public static <R extends Record> R with(R tree, String path, Object value) {
    return with(tree, path, path, value)
        .orElseThrow(() -> new IllegalArgumentException(unknown(path, tree)));
  }

  /** The same for the rest of a path below a branch; empty if the path names no setting. */
  private static <R extends Record> Optional<R> with(
      R branch, String path, String rest, Object value) {
    int dot = rest.indexOf('.');
    String head = dot < 0 ? rest : rest.substring(0, dot);
    RecordComponent[] components = branch.getClass().getRecordComponents();
    for (int i = 0; i < components.length; i++) {
      RecordComponent component = components[i];
      Setting setting = component.getAnnotation(Setting.class);
      if (!component.getName().equals(head) && !(setting != null && setting.alias().equals(head))) {
        continue;
      }
      if ((setting == null) == (dot < 0)) {
        return Optional.empty(); // the path ends at a branch, or goes on below a setting
      }
      int at = i;
      return setting != null
          ? Optional.of(
              replaced(branch, i, SettingText.parse(path, component.getType(), setting, value)))
          : with((Record) read(branch, component), path, rest.substring(dot + 1), value)
              .map(changed -> replaced(branch, at, changed));
    }
    return Optional.empty();
  }

  /**
   * Makes the entry of a setting in a list.
   *
   * @param <E> the type of the entries
   */
  public interface Maker<E> {
    E make(
        String path,
        String alias,
        String meaning,
        String value,
        String defaultValue,
        boolean isMasked);
  }

  /** An entry for each setting, in the order of the tree. */
  public static <E> List<E> entries(Record tree, Record defaults, Maker<E> maker) {
    var entries = new ArrayList<E>();
    collect("", tree, defaults, maker, entries);
    return entries;
  }

  private static <E> void collect(
      String prefix, Record branch, Record defaults, Maker<E> maker, List<E> into) {
    for (RecordComponent component : branch.getClass().getRecordComponents()) {
      String path = prefix + component.getName();
      Object value = read(branch, component);
      Object usual = read(defaults, component);
      Setting setting = component.getAnnotation(Setting.class);
      if (setting == null) {
        collect(path + ".", (Record) value, (Record) usual, maker, into);
      } else {
        String meaning =
            setting.alias().isEmpty()
                ? setting.value()
                : setting.value() + " Also: " + setting.alias() + ".";
        String alias = setting.alias().isEmpty() ? "" : prefix + setting.alias();
        Object shown = SettingText.masked(setting.secret(), value);
        into.add(
            maker.make(
                path,
                alias,
                meaning,
                SettingText.of(shown),
                SettingText.of(usual),
                !shown.equals(value)));
      }
    }
  }

  /**
   * The text of a branch that has secrets, as {@code toString} of a record, without the secrets.
   */
  public static String masked(Record branch) {
    var parts = new ArrayList<String>();
    for (RecordComponent component : branch.getClass().getRecordComponents()) {
      Setting setting = component.getAnnotation(Setting.class);
      Object value = read(branch, component);
      parts.add(
          component.getName()
              + "="
              + (setting == null ? value : SettingText.masked(setting.secret(), value)));
    }
    return branch.getClass().getSimpleName() + "[" + String.join(", ", parts) + "]";
  }

  /**
   * Whether a value, or an item of it, is the mask of a secret: it was copied from where the secret
   * is not shown.
   *
   * @param path the path of a setting by names, not aliases; there may be none
   * @param value a text, or a list of texts
   */
  public static boolean isMask(Record tree, String path, Object value) {
    int dot = path.indexOf('.');
    String head = dot < 0 ? path : path.substring(0, dot);
    for (RecordComponent component : tree.getClass().getRecordComponents()) {
      Setting setting = component.getAnnotation(Setting.class);
      if (component.getName().equals(head)) {
        return setting == null
            ? dot > 0 && isMask((Record) read(tree, component), path.substring(dot + 1), value)
            : dot < 0 && SettingText.isMask(setting.secret(), value);
      }
    }
    return false;
  }

  private static String unknown(String path, Record tree) {
    String start = "there is no setting '" + path + "'";
    return Words.nearest(
            path, entries(tree, tree, (known, setting, type, from, value, isLeaf) -> known))
        .map(nearest -> start + "; the nearest is '" + nearest + "'")
        .orElse(start + "; ./earshot config lists all settings");
  }

  private static Object read(Record branch, RecordComponent component) {
    try {
      return component.getAccessor().invoke(branch);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new LinkageError("a record's accessor failed", e);
    }
  }

  private static <R extends Record> R replaced(R branch, int index, Object value) {
    @SuppressWarnings("unchecked") // the class of an R
    Class<R> type = (Class<R>) branch.getClass();
    RecordComponent[] components = type.getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      values[i] = i == index ? value : read(branch, components[i]);
    }
    return made(type, components, values);
  }

  /**
   * Makes a record.
   *
   * @throws IllegalArgumentException if the record refuses a value
   */
  private static <R extends Record> R made(
      Class<R> type, RecordComponent[] components, Object[] values) {
    Class<?>[] types = new Class<?>[components.length];
    Arrays.setAll(types, i -> components[i].getType());
    try {
      return type.getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw refused;
      }
      throw new LinkageError("a record's constructor failed", e);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("a record's constructor failed", e);
    }
  }
}
