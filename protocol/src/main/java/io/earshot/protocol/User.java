package io.earshot.protocol;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The user that a connection has logged in as: a person or a machine that the application knows.
 * Several connections may have the same user. Only the server decides which user a connection has,
 * so the field {@code user} of a message cannot be forged.
 *
 * <p>Immutable.
 *
 * @param id the application's id of the user
 * @param name the name to show; null if the application gave none
 * @param json the user in its wire format: {@code id}, {@code name} if there is one, and what else
 *     the application tells other clients about the user
 */
public record User(String id, @Nullable String name, Json.Obj json) {

  /** The longest id and the longest name, in characters. */
  public static final int LONGEST = 128;

  /** The longest wire format, in bytes. */
  public static final int LONGEST_JSON = 2048;

  /**
   * A user.
   *
   * @param id the application's id of the user
   * @param name the name to show, or null
   * @param info further fields of the wire format; {@code id} and {@code name} among them are
   *     ignored
   * @return the user
   * @throws IllegalArgumentException if a value is too long, or has characters that could make
   *     other clients show a wrong text; the message names the value
   */
  public static User of(String id, @Nullable String name, Map<String, Json> info) {
    check("user's id", id);
    if (name != null) {
      check("user's name", name);
    }
    var fields = new LinkedHashMap<String, Json>();
    fields.put("id", Json.of(id));
    if (name != null) {
      fields.put("name", Json.of(name));
    }
    info.forEach(fields::putIfAbsent);
    if (name == null) {
      fields.remove("name");
    }
    var json = new Json.Obj(fields);
    int length = new JsonWriter(256).value(json, JsonCodec.MAX_DEPTH).written().length;
    if (length > LONGEST_JSON) {
      throw new IllegalArgumentException(
          "a user has at most " + LONGEST_JSON + " bytes as JSON, and this one has " + length);
    }
    return new User(id, name, json);
  }

  /**
   * Reads the wire format.
   *
   * @param json what {@link #json} was
   * @return the user
   * @throws IllegalArgumentException as {@link #of(String, String, Map)}, or if the id is missing
   */
  public static User of(Json.Obj json) {
    if (json.get("id") instanceof Json.Text id) {
      String name = json.get("name") instanceof Json.Text text ? text.value() : null;
      return of(id.value(), name, json.fields());
    }
    throw new IllegalArgumentException("a user has an id, which is a text");
  }

  /**
   * Whether two users are the same person, whatever is told about them.
   *
   * @param one a user, or null for none
   * @param other a user, or null for none
   * @return whether both have the same id, or both are none
   */
  public static boolean areSame(@Nullable User one, @Nullable User other) {
    return (one == null || other == null) ? one == other : one.id.equals(other.id);
  }

  /** Reads the wire format that a server has written, and so checked. */
  static User decoded(@Nullable Json json) throws MalformedJsonException {
    if (json instanceof Json.Obj fields && fields.get("id") instanceof Json.Text id) {
      String name = fields.get("name") instanceof Json.Text text ? text.value() : null;
      return new User(id.value(), name, fields);
    }
    throw new MalformedJsonException("a user must have the text id");
  }

  private static void check(String what, String text) {
    if (text.isEmpty() || text.length() > LONGEST) {
      throw new IllegalArgumentException("a " + what + " has 1 to " + LONGEST + " characters");
    }
    if (text.codePoints().anyMatch(User::isMisleading)) {
      throw new IllegalArgumentException(
          "a " + what + " has no control characters, and none that change the direction of text");
    }
  }

  /** Control characters, lone surrogates, and the marks, embeddings and isolates of directions. */
  private static boolean isMisleading(int c) {
    return Character.isISOControl(c)
        || (c >= 0xD800 && c <= 0xDFFF)
        || c == 0x061C
        || c == 0x200E
        || c == 0x200F
        || (c >= 0x2028 && c <= 0x202E)
        || (c >= 0x2066 && c <= 0x2069);
  }
}
