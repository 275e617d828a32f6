package io.earshot.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads and changes a tree of records by path. What a setting means stands at the record's
 * component, once.
 *
 * <p>Immutable.
 */
public final class ConfigTree {
  private static final Pattern DURATION = Pattern.compile("(\\d{1,12}) ?(ms|s|m|h|)");

  /** Nobody means a longer time than this. */
  private static final Duration LONGEST = Duration.ofDays(366);

  private ConfigTree() {}

  public static <R extends Record> R with(R config, String path, Object value) {
    return with(config, path, path, value)
        .orElseThrow(() -> new IllegalArgumentException(unknown(path, config)));
  }

  private static <R extends Record> Optional<R> with(
      R record, String path, String rest, Object value) {
    int dot = rest.indexOf('.');
    String head = dot < 0 ? rest : rest.substring(0, dot);
    RecordComponent[] components = record.getClass().getRecordComponents();
    for (int i = 0; i < components.length; i++) {
      RecordComponent component = components[i];
      Setting setting = component.getAnnotation(Setting.class);
      if (!component.getName().equals(head) && !(setting != null && setting.alias().equals(head))) {
        continue;
      }
      if (setting != null) {
        return dot < 0
            ? Optional.of(replaced(record, i, coerce(path, component, setting, value)))
            : Optional.empty();
      }
      if (dot < 0) {
        return Optional.empty();
      }
      int at = i;
      return with((Record) read(record, component), path, rest.substring(dot + 1), value)
          .map(branch -> replaced(record, at, branch));
    }
    return Optional.empty();
  }

  /**
   * What is made of each setting.
   *
   * @param <E> what that is
   */
  public interface Maker<E> {
    E make(String path, String alias, String meaning, String value, String defaultValue);
  }

  public static <E> List<E> entries(Record record, Record defaults, Maker<E> maker) {
    var entries = new ArrayList<E>();
    collect("", record, defaults, maker, entries);
    return entries;
  }

  private static <E> void collect(
      String prefix, Record record, Record defaults, Maker<E> maker, List<E> into) {
    for (RecordComponent component : record.getClass().getRecordComponents()) {
      String path = prefix + component.getName();
      Object value = read(record, component);
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
        into.add(maker.make(path, alias, meaning, show(value), show(usual)));
      }
    }
  }

  private static Object coerce(
      String path, RecordComponent component, Setting setting, Object value) {
    Class<?> type = component.getType();
    String text = value instanceof List ? "a list" : String.valueOf(value).strip();
    if (type == String.class && !(value instanceof List)) {
      return String.valueOf(value);
    }
    if (type == boolean.class && (text.equals("true") || text.equals("false"))) {
      return Boolean.valueOf(text);
    }
    if (type == int.class && text.matches("-?\\d{1,18}")) {
      long number = Long.parseLong(text);
      if (number >= setting.min() && number <= setting.max()) {
        return (int) number;
      }
      throw new IllegalArgumentException(
          path + " must be from " + setting.min() + " to " + setting.max() + ", not " + text);
    }
    if (type == Duration.class) {
      Optional<Duration> duration = duration(value, text);
      if (duration.isPresent()) {
        return duration.get();
      }
    }
    if (type == Optional.class) {
      Optional<Duration> duration = duration(value, text);
      if (text.equals("null") || duration.filter(Duration::isPositive).isPresent()) {
        return duration;
      }
    }
    if (type == List.class) {
      List<?> items = value instanceof List<?> list ? list : Arrays.asList(text.split(" *, *", -1));
      return items.stream().map(String::valueOf).filter(item -> !item.isEmpty()).toList();
    }
    if (type.isEnum()) {
      for (Object constant : type.getEnumConstants()) {
        if (constant.toString().equalsIgnoreCase(text)) {
          return constant;
        }
      }
    }
    throw new IllegalArgumentException(path + " must be " + kind(type) + ", not '" + text + "'");
  }

  public static Optional<Duration> duration(Object value, String text) {
    if (value instanceof Duration duration) {
      return Optional.of(duration).filter(some -> !some.isNegative());
    }
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    long amount = Long.parseLong(matcher.group(1));
    Duration duration =
        switch (matcher.group(2)) {
          case "s" -> Duration.ofSeconds(amount);
          case "m" -> Duration.ofMinutes(amount);
          case "h" -> Duration.ofHours(amount);
          default -> Duration.ofMillis(amount);
        };
    return Optional.of(duration).filter(some -> some.compareTo(LONGEST) <= 0);
  }

  private static String kind(Class<?> type) {
    if (type == int.class) {
      return "a whole number";
    }
    if (type == boolean.class) {
      return "true or false";
    }
    if (type.isEnum()) {
      return "one of " + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT);
    }
    if (type == Optional.class) {
      return "null or a time above 0 such as 500ms, 30s or 5m";
    }
    return type == Duration.class ? "a time such as 500ms, 30s, 5m or 1h" : "one value";
  }

  private static String show(Object value) {
    return switch (value) {
      case Duration duration -> show(duration);
      case Optional<?> optional -> optional.isPresent() ? show(optional.get()) : "null";
      case List<?> list ->
          "["
              + String.join(", ", list.stream().map(item -> quoted(item.toString())).toList())
              + "]";
      case String text -> quoted(text);
      case Enum<?> constant -> quoted(constant.toString().toLowerCase(Locale.ROOT));
      default -> value.toString();
    };
  }

  /** As YAML reads it: what cannot be seen is an escape. */
  private static String quoted(String text) {
    var quoted = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            point -> {
              switch (Character.getType(point)) {
                case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE ->
                    quoted.append(String.format(point > 0xffff ? "\\U%08x" : "\\u%04x", point));
                case Character.OTHER_PUNCTUATION -> {
                  if (point == '"' || point == '\\') {
                    quoted.append('\\');
                  }
                  quoted.appendCodePoint(point);
                }
                default -> quoted.appendCodePoint(point);
              }
            });
    return quoted.append('"').toString();
  }

  private static String show(Duration duration) {
    long millis = duration.toMillis();
    return millis % 1000 != 0 || millis == 0 ? millis + "ms" : millis / 1000 + "s";
  }

  private static String unknown(String path, Record config) {
    String start = "there is no setting '" + path + "'";
    return entries(config, config, (known, _, _, _, _) -> known).stream()
        .min(Comparator.comparingInt(known -> distance(known, path)))
        .filter(nearest -> distance(nearest, path) <= Math.max(3, path.length() / 3))
        .map(nearest -> start + "; the nearest is '" + nearest + "'")
        .orElse(start + "; ./earshot config shows those that there are");
  }

  /** How many letters differ (Levenshtein), whatever their case. */
  private static int distance(String a, String b) {
    String left = a.toLowerCase(Locale.ROOT);
    String right = b.toLowerCase(Locale.ROOT);
    int[] row = new int[right.length() + 1];
    Arrays.setAll(row, j -> j);
    for (int i = 1; i <= left.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= right.length(); j++) {
        int replaced = diagonal + (left.charAt(i - 1) == right.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[right.length()];
  }

  private static Object read(Record record, RecordComponent component) {
    try {
      return component.getAccessor().invoke(record);
    } catch (IllegalAccessException | InvocationTargetException e) {
      throw new LinkageError("a record's accessor failed", e);
    }
  }

  private static <R extends Record> R replaced(R record, int index, Object value) {
    RecordComponent[] components = record.getClass().getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      values[i] = i == index ? value : read(record, components[i]);
    }
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      @SuppressWarnings("unchecked") // the class of an R makes Rs
      R changed = (R) record.getClass().getDeclaredConstructor(types).newInstance(values);
      return changed;
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
