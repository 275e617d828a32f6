package io.earshot.config;

import java.util.Map;

/**
 * The clients that a rule allows to do something in a room.
 *
 * <p>Immutable.
 */
public sealed interface Access {

  /** The values without an attribute. */
  enum Common implements Access {
    /** All clients. */
    ANYONE,
    /** Clients whose token allows it. */
    TOKEN,
    /** No client. Server code may. */
    NOBODY,
    /** The user whose inbox the room is. No rule can say this. */
    OWNER
  }

  /** Clients with an attribute that server code, or a token, has set. */
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
   * Reads a value of a rule.
   *
   * @param setting the name of the setting, for the error message
   * @throws IllegalArgumentException if the text is not a value; the message says what to write
   */
  static Access parse(String setting, String text) {
    int colon = text.indexOf(':');
    if (colon > 0) {
      return new Attribute(text.substring(0, colon), text.substring(colon + 1));
    }
    for (Common each : Common.values()) {
      if (each != Common.OWNER && each.name().equalsIgnoreCase(text)) {
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
