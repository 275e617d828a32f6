package io.earshot.config;

import java.util.Map;

/**
 * Whom a rule lets do something in a room.
 *
 * <p>Immutable.
 */
public sealed interface Access {

  /** Whom it lets, without a name to look at. */
  enum Common implements Access {
    /** Everybody. */
    ANYONE,
    /** Who shows a token that allows it. */
    TOKEN,
    /** No client; server code does what it likes. */
    NOBODY
  }

  /** Those of whom server code, or a token, said this. */
  record Attribute(String name, String value) implements Access {
    public boolean isTrueOf(Map<String, String> attributes) {
      return value.equals(attributes.get(name));
    }

    @Override
    public String toString() {
      return name + ":" + value;
    }
  }

  /**
   * Reads what a rule says.
   *
   * @throws IllegalArgumentException if it is nothing; the message says what to write
   */
  static Access parse(String setting, String text) {
    int colon = text.indexOf(':');
    if (colon > 0) {
      return new Attribute(text.substring(0, colon), text.substring(colon + 1));
    }
    for (Common each : Common.values()) {
      if (each.name().equalsIgnoreCase(text)) {
        return each;
      }
    }
    throw new IllegalArgumentException(
        setting
            + " must be anyone, token, nobody, or an attribute as NAME:VALUE, not '"
            + text
            + "'");
  }
}
