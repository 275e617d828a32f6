package io.earshot.postgres;

import io.earshot.protocol.Json;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.regex.Pattern;

/**
 * What the type {@code jsonb} can hold. It has no character U+0000, and it keeps the value of a
 * number but not how it is written: {@code 1e2} becomes {@code 100}. The order of an object's
 * fields is its own, which is no part of the value.
 */
final class Jsonb {
  private static final Pattern KEPT = Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?");
  private static final Pattern ZERO = Pattern.compile("-[0.]+");

  /** A number with a larger exponent would be written as very many digits. */
  private static final int LARGEST_EXPONENT = 300;

  private Jsonb() {}

  /** Whether the same value comes back. */
  static boolean holds(Json value) {
    return switch (value) {
      case Json.Text(String text) -> text.indexOf('\0') < 0;
      case Json.Num(String literal) ->
          KEPT.matcher(literal).matches() && !ZERO.matcher(literal).matches();
      case Json.Bool ignored -> true;
      case Json.Null ignored -> true;
      case Json.Array(var items) -> items.stream().allMatch(Jsonb::holds);
      case Json.Obj(var fields) ->
          fields.entrySet().stream()
              .allMatch(field -> field.getKey().indexOf('\0') < 0 && holds(field.getValue()));
    };
  }

  /** The nearest value that it can hold: with U+FFFD for U+0000. */
  static Json nearest(Json value) {
    return switch (value) {
      case Json.Text(String text) -> Json.of(nearest(text));
      case Json.Num number -> isLarge(number.literal()) ? Json.of(number.literal()) : number;
      case Json.Bool bool -> bool;
      case Json.Null none -> none;
      case Json.Array(var items) -> new Json.Array(items.stream().map(Jsonb::nearest).toList());
      case Json.Obj(var fields) -> {
        var all = new LinkedHashMap<String, Json>();
        fields.forEach((name, field) -> all.put(nearest(name), nearest(field)));
        yield new Json.Obj(all);
      }
    };
  }

  static String nearest(String text) {
    return text.replace('\0', '\uFFFD');
  }

  private static boolean isLarge(String literal) {
    try {
      var number = new BigDecimal(literal);
      return Math.abs((long) number.scale()) > LARGEST_EXPONENT + (long) literal.length();
    } catch (NumberFormatException e) {
      return true;
    }
  }
}
