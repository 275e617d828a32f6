package io.earshot.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The values of settings as configuration files have them: reads them and writes them.
 *
 * <p>Immutable; static methods only. No switch looks at types: the JVM would make a class for each
 * at every start.
 */
public final class SettingText {
  private static final Pattern COMMA = Pattern.compile(" *, *");
  private static final Pattern NUMBER = Pattern.compile("-?\\d{1,18}");
  private static final Pattern DURATION = Pattern.compile("(\\d{1,12}) ?(ms|s|m|h|)");

  /** Longer times are taken for typing errors. */
  private static final Duration LONGEST = Duration.ofDays(366);

  private SettingText() {}

  /**
   * Converts a value to the type of a setting.
   *
   * @param path the path of the setting, for the error message
   * @param value a value of that type, or a text
   * @throws IllegalArgumentException if the value does not fit; the message says which values do
   */
  static Object parse(String path, Class<?> type, Setting setting, Object value) {
    String text = value instanceof List ? "a list" : String.valueOf(value).strip();
    if (type == String.class && !(value instanceof List)) {
      return String.valueOf(value);
    }
    if (type == boolean.class && (text.equals("true") || text.equals("false"))) {
      return Boolean.valueOf(text);
    }
    if (type == int.class && NUMBER.matcher(text).matches()) {
      return number(path, setting, Long.parseLong(text));
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
      return items(value instanceof List<?> list ? list : Arrays.asList(COMMA.split(text)));
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

  private static List<String> items(List<?> values) {
    var items = new ArrayList<String>();
    for (Object value : values) {
      String item = String.valueOf(value);
      if (!item.isEmpty()) {
        items.add(item);
      }
    }
    return List.copyOf(items);
  }

  private static int number(String path, Setting setting, long number) {
    if (number < setting.min() || number > setting.max()) {
      throw new IllegalArgumentException(
          path + " must be from " + setting.min() + " to " + setting.max() + ", not " + number);
    }
    return (int) number;
  }

  /**
   * Reads a time.
   *
   * @param value a {@link Duration}, which is taken as it is; otherwise the text counts
   * @param text such as {@code 30s}; without a unit the number is in milliseconds
   * @return the time, or empty if there is none, or it is negative or longer than 366 days
   */
  public static Optional<Duration> duration(Object value, String text) {
    if (value instanceof Duration duration) {
      return duration.isNegative() ? Optional.empty() : Optional.of(duration);
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
    return duration.compareTo(LONGEST) <= 0 ? Optional.of(duration) : Optional.empty();
  }

  /** The values that fit a type, for error messages. */
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

  /** The value as it may be shown; equal to the value if no part of it is secret. */
  static Object masked(Secret secret, Object value) {
    if (value instanceof String text) {
      return secret.masked(text);
    }
    if (value instanceof List<?> list && !list.isEmpty()) {
      return list.stream().map(item -> secret.masked(item.toString())).toList();
    }
    return value;
  }

  /** Whether the value, or an item of it, is the mask of a secret and not the secret. */
  static boolean isMask(Secret secret, Object value) {
    if (value instanceof List<?> list) {
      return list.stream().anyMatch(item -> secret.isMask(item.toString()));
    }
    return value instanceof String text && secret.isMask(text);
  }

  /** Writes a value so that YAML and {@link #parse} read the same value back. */
  static String of(Object value) {
    if (value instanceof Duration duration) {
      return of(duration);
    }
    if (value instanceof Optional<?> optional) {
      return optional.isPresent() ? of(optional.get()) : "null";
    }
    if (value instanceof List<?> list) {
      return "["
          + String.join(", ", list.stream().map(item -> quoted(item.toString())).toList())
          + "]";
    }
    if (value instanceof String text) {
      return quoted(text);
    }
    return value instanceof Enum<?> constant
        ? quoted(constant.toString().toLowerCase(Locale.ROOT))
        : value.toString();
  }

  private static String of(Duration duration) {
    long millis = duration.toMillis();
    return millis % 1000 != 0 || millis == 0 ? millis + "ms" : millis / 1000 + "s";
  }

  /** A text in YAML's double quotes, with invisible characters as escapes. */
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
}
