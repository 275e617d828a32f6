package io.earshot;

import io.earshot.protocol.Json;
import java.util.Map;

/** Whom a ban or a mute is against. */
public sealed interface Target {
  /** The longest id, name or value, in characters. */
  int LONGEST = 256;

  /**
   * One client. Who comes anew by TCP or WebSocket has another id; HTTP clients keep theirs with
   * their cookie, and a session that is resumed keeps its own.
   *
   * @param id the public id
   */
  record Id(String id) implements Target {
    /** Checks the length. */
    public Id {
      check("id", id);
    }
  }

  /**
   * All of whom server code, or a token, said this.
   *
   * @param name the attribute's name; {@code identity} is what tokens set
   * @param value its value
   */
  record Attribute(String name, String value) implements Target {
    /** Checks the lengths. */
    public Attribute {
      check("attribute's name", name);
      check("attribute's value", value);
    }
  }

  /**
   * All who come from an address, or a range of them.
   *
   * @param range the range; brought to the first address that it has
   */
  record Address(AddressRange range) implements Target {
    /** Makes ranges equal that have the same addresses. */
    public Address {
      range = AddressRange.of(range.start(), range.bits());
    }
  }

  /**
   * All who come from an address, or a range of them.
   *
   * @param text such as {@code 192.0.2.1}, {@code 10.0.0.0/8} or {@code 2001:db8::/32}; an IPv4
   *     address may be written as IPv6 has it
   * @return the target
   * @throws IllegalArgumentException if it is neither; the message says what to write
   */
  static Target address(String text) {
    return new Address(AddressRange.of(text));
  }

  /**
   * Reads what {@link #toJson} writes.
   *
   * @param json {@code {"id":…}}, {@code {"address":…}} or {@code
   *     {"attribute":{"name":…,"value":…}}}
   * @return the target
   * @throws IllegalArgumentException if it is none of these; the message says what to write
   */
  static Target of(Json json) {
    if (json instanceof Json.Obj(Map<String, Json> fields) && fields.size() == 1) {
      Map.Entry<String, Json> only = fields.entrySet().iterator().next();
      if (only.getKey().equals("id") && only.getValue() instanceof Json.Text(String id)) {
        return new Id(id);
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
        "a target is {\"id\":…}, {\"address\":…} or {\"attribute\":{\"name\":…,\"value\":…}}");
  }

  /**
   * As it travels.
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
