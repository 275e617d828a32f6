package io.earshot;

import io.earshot.protocol.Json;
import java.util.Map;

/**
 * The clients that a ban or a mute is against.
 *
 * <p>Immutable.
 */
public sealed interface Target {
  /** The longest id, name or value, in characters. */
  int LONGEST = 256;

  /**
   * One client. A new TCP or WebSocket connection has a new id; a resumed session keeps its id, and
   * an HTTP client keeps its id as long as its cookie.
   *
   * @param id the public id of the client
   */
  record Id(String id) implements Target {
    /**
     * Checks the length.
     *
     * @throws IllegalArgumentException if the id is empty or too long
     */
    public Id {
      check("id", id);
    }
  }

  /**
   * All clients with an attribute that server code, or a token, has set.
   *
   * @param name the attribute's name; tokens set {@code identity}
   * @param value the attribute's value
   */
  record Attribute(String name, String value) implements Target {
    /**
     * Checks the lengths.
     *
     * @throws IllegalArgumentException if the name or value is empty or too long
     */
    public Attribute {
      check("attribute's name", name);
      check("attribute's value", value);
    }
  }

  /**
   * All clients from a range of addresses.
   *
   * @param range the range, which is brought to its normal form
   */
  record Address(AddressRange range) implements Target {
    /** Makes ranges with the same addresses equal. */
    public Address {
      range = AddressRange.of(range.start(), range.bits());
    }
  }

  /**
   * All clients from an address, or from a range of addresses.
   *
   * @param text such as {@code 192.0.2.1}, {@code 10.0.0.0/8} or {@code 2001:db8::/32}; an IPv4
   *     address may be IPv4-mapped
   * @return the target
   * @throws IllegalArgumentException if the text is neither; the message says what to write
   */
  static Target address(String text) {
    return new Address(AddressRange.of(text));
  }

  /**
   * All connections of a user who has logged in: those whose attribute {@code user} has this value.
   *
   * @param id the application's id of the user
   * @return the target
   * @throws IllegalArgumentException if the id is empty or too long
   */
  static Target user(String id) {
    return new Attribute("user", id);
  }

  /**
   * Reads what {@link #toJson} writes, and the short form of a user.
   *
   * @param json {@code {"id":…}}, {@code {"user":…}}, {@code {"address":…}} or {@code
   *     {"attribute":{"name":…,"value":…}}}
   * @return the target
   * @throws IllegalArgumentException if the JSON is none of these; the message says what to write
   */
  static Target of(Json json) {
    if (json instanceof Json.Obj(Map<String, Json> fields) && fields.size() == 1) {
      Map.Entry<String, Json> only = fields.entrySet().iterator().next();
      if (only.getKey().equals("id") && only.getValue() instanceof Json.Text(String id)) {
        return new Id(id);
      }
      if (only.getKey().equals("user") && only.getValue() instanceof Json.Text(String user)) {
        return user(user);
      }
      if (only.getKey().equals("address") && only.getValue() instanceof Json.Text(String text)) {
        return address(text);
      }
      if (only.getKey().equals("attribute")
          && only.getValue() instanceof Json.Obj attribute
          && attribute.fields().size() == 2
          && attribute.get("name") instanceof Json.Text(String name)
          && attribute.get("value") instanceof Json.Text(String value)) {
        return new Attribute(name, value);
      }
    }
    throw new IllegalArgumentException(
        "a target is {\"id\":…}, {\"user\":…}, {\"address\":…} or {\"attribute\":{\"name\":…,\"value\":…}}");
  }

  /**
   * The target as JSON, as servers and the admin API send it.
   *
   * @return an object with one field
   */
  default Json toJson() {
    return Json.from(
        switch (this) {
          case Id(String id) -> Map.of("id", id);
          case Attribute(String name, String value) ->
              Map.of("attribute", Json.from(Map.of("name", name, "value", value)));
          case Address(AddressRange range) -> Map.of("address", range.toString());
        });
  }

  private static void check(String what, String text) {
    if (text.isEmpty() || text.length() > LONGEST) {
      throw new IllegalArgumentException(
          "a target's " + what + " has 1 to " + LONGEST + " characters");
    }
  }
}
