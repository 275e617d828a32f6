package io.earshot.config;

import static java.util.stream.Collectors.joining;

import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which part of a setting is secret, and is never shown. */
public enum Secret {
  /** No part. */
  NONE,
  /** The whole text. */
  WHOLE,
  /** All after the first word of each text: the secret of a key that has a name. */
  AFTER_NAME,
  /** All after the second word of each text: the secret of a key that has a name and a kind. */
  AFTER_KIND,
  /** The password of an address. */
  PASSWORD,
  /** The passwords among the parameters of a JDBC address, and what stands before its host. */
  PARAMETER;

  /** What is shown in the place of a secret. */
  static final String MASK = "***";

  private static final Pattern PARAMETERS =
      Pattern.compile("([?&][^?&=]*password=)[^&]*", Pattern.CASE_INSENSITIVE);

  private static final Pattern LOGIN = Pattern.compile("(jdbc:[a-z]+://)[^/?]*@");

  /**
   * The text as it may be shown.
   *
   * @param text a setting, or a message that contains it at its end
   * @return the text with *** in the place of the secret
   */
  public String masked(String text) {
    return switch (this) {
      case NONE -> text;
      case WHOLE -> text.isEmpty() ? text : MASK;
      case AFTER_NAME -> keepingWords(1, text);
      case AFTER_KIND -> keepingWords(2, text);
      case PASSWORD -> RedisUrl.masked(text);
      case PARAMETER ->
          LOGIN
              .matcher(PARAMETERS.matcher(text).replaceAll("$1" + MASK))
              .replaceAll("$1" + MASK + "@");
    };
  }

  /** Whether the text has the mask in the place of the secret. */
  boolean isMask(String text) {
    return this != NONE && text.contains(MASK) && masked(text).equals(text);
  }

  /** The first words of a text and the mask; a text of fewer words may be the secret alone. */
  private static String keepingWords(int count, String text) {
    String[] words = text.strip().split("\\s+", count + 1);
    return Stream.concat(
            Arrays.stream(words, 0, Math.min(count, words.length - 1)), Stream.of(MASK))
        .collect(joining(" "));
  }
}
