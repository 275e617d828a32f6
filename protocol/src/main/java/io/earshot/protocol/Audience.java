package io.earshot.protocol;

import org.jspecify.annotations.Nullable;

/**
 * Whom in a room a message is for: those whose {@code id}, or whose attribute of that name, equals
 * the value as text. It fails closed: a key without a value, or one that nobody has, reaches
 * nobody.
 *
 * <p>Immutable.
 *
 * @param key {@code id}, or the name of an attribute that server code sets
 * @param value the text to equal; null reaches nobody
 */
public record Audience(String key, @Nullable String value) {

  /** The parameter that names the key. */
  public static final String KEY = "roomMatchKey";

  /** The parameter that names the value. */
  public static final String VALUE = "roomMatchValue";
}
