package io.earshot.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/**
 * Finds the word that was meant by a mistyped one.
 *
 * <p>Immutable; static methods only.
 */
public final class Words {
  private Words() {}

  /** The known word with the fewest differences; empty if all differ in too many letters. */
  public static Optional<String> nearest(String typed, Collection<String> known) {
    return known.stream()
        .min(Comparator.comparingInt(word -> distance(word, typed)))
        .filter(nearest -> distance(nearest, typed) <= Math.max(3, typed.length() / 3));
  }

  /** The number of letters that differ (Levenshtein distance), in any case. */
  public static int distance(String a, String b) {
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
}
