package io.earshot.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

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
    Branch known = Branch.of(type);
    Object[] values = new Object[known.parts().size()];
    for (int i = 0; i < values.length; i++) {
      Branch.Part part = known.parts().get(i);
      Setting setting = part.setting();
      values[i] =
          setting == null
              ? defaults(part.type().asSubclass(Record.class))
              : SettingText.parse(part.name(), part.type(), setting, setting.defaultValue());
    }
    return type.cast(known.made(values));
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
    List<Branch.Part> parts = Branch.of(branch.getClass()).parts();
    for (int i = 0; i < parts.size(); i++) {
      Branch.Part part = parts.get(i);
      Setting setting = part.setting();
      if (!part.isCalled(head)) {
        continue;
      }
      if ((setting == null) == (dot < 0)) {
        return Optional.empty(); // the path ends at a branch, or goes on below a setting
      }
      int at = i;
      return setting != null
          ? Optional.of(replaced(branch, i, SettingText.parse(path, part.type(), setting, value)))
          : with((Record) part.in(branch), path, rest.substring(dot + 1), value)
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
    for (Branch.Part part : Branch.of(branch.getClass()).parts()) {
      String path = prefix + part.name();
      Object value = part.in(branch);
      Object usual = part.in(defaults);
      Setting setting = part.setting();
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
    for (Branch.Part part : Branch.of(branch.getClass()).parts()) {
      Setting setting = part.setting();
      Object value = part.in(branch);
      parts.add(
          part.name()
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
    for (Branch.Part part : Branch.of(tree.getClass()).parts()) {
      Setting setting = part.setting();
      if (part.name().equals(head)) {
        return setting == null
            ? dot > 0 && isMask((Record) part.in(tree), path.substring(dot + 1), value)
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

  private static <R extends Record> R replaced(R branch, int index, Object value) {
    @SuppressWarnings("unchecked") // the class of an R
    Class<R> type = (Class<R>) branch.getClass();
    Branch known = Branch.of(type);
    Object[] values = new Object[known.parts().size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = i == index ? value : known.parts().get(i).in(branch);
    }
    return type.cast(known.made(values));
  }

  /**
   * What reflection says about a record of a tree of settings. It is asked once for each record,
   * since it reads the annotations from the class file again whenever it is asked.
   *
   * <p>Immutable.
   *
   * @param constructor its canonical constructor
   * @param parts its components, in their order
   */
  private record Branch(Constructor<?> constructor, List<Part> parts) {
    private static final ClassValue<Branch> ALL =
        new ClassValue<>() {
          @Override
          protected Branch computeValue(Class<?> type) {
            return read(type);
          }
        };

    /**
     * One component.
     *
     * @param setting null if the component is a branch itself
     */
    record Part(String name, Class<?> type, Method accessor, @Nullable Setting setting) {
      Object in(Record branch) {
        try {
          return accessor.invoke(branch);
        } catch (IllegalAccessException | InvocationTargetException e) {
          throw new LinkageError("a record's accessor failed", e);
        }
      }

      boolean isCalled(String word) {
        return name.equals(word) || (setting != null && setting.alias().equals(word));
      }
    }

    /** What a class of records is like. */
    static Branch of(Class<?> type) {
      return ALL.get(type);
    }

    private static Branch read(Class<?> type) {
      RecordComponent[] components = type.getRecordComponents();
      Class<?>[] types =
          Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
      try {
        return new Branch(
            type.getDeclaredConstructor(types),
            Arrays.stream(components).map(Branch::part).toList());
      } catch (NoSuchMethodException e) {
        throw new LinkageError("a record has no canonical constructor", e);
      }
    }

    private static Part part(RecordComponent component) {
      return new Part(
          component.getName(),
          component.getType(),
          component.getAccessor(),
          component.getAnnotation(Setting.class));
    }

    /**
     * Makes a record.
     *
     * @throws IllegalArgumentException if the record refuses a value
     */
    Object made(Object[] values) {
      try {
        return constructor.newInstance(values);
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
}
