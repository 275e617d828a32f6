package io.earshot.protocol;

import org.jspecify.annotations.Nullable;

/**
 * A message that is not kept, such as "is typing" or the position of a cursor. It has no place in
 * the room's order. A newer signal of the same sender and kind replaces an older one, and a client
 * that does not read as fast as the server sends gets none.
 *
 * <p>Immutable.
 *
 * @param from the id of the sender: a text, or any JSON value that a stand-in has as its id
 * @param user the user of the sender; null if it has not logged in
 * @param kind what it is about, or null: signals of different kinds do not replace each other
 * @param content the content
 */
public record Signal(Json from, @Nullable User user, @Nullable String kind, Json content) {

  /** The longest content, in bytes of its JSON. */
  public static final int LONGEST = 4096;

  /** The longest kind, in characters. */
  public static final int LONGEST_KIND = 64;

  /** The refusal of a signal that is meant for some members only. */
  public static final String NO_AUDIENCE =
      "Error: a signal goes to all in the room; roomMatchKey does not apply to it";

  private static final int DEPTH = JsonCodec.MAX_TOLD_DEPTH - 1;

  /**
   * What is wrong with the content or the kind of a signal.
   *
   * @param content the content
   * @param kind the kind, or null
   * @return the error, for the client; null if nothing is wrong
   */
  public static @Nullable String invalid(Json content, @Nullable String kind) {
    if (kind != null && (kind.isEmpty() || kind.length() > LONGEST_KIND)) {
      return "Error: the kind of a signal has 1 to " + LONGEST_KIND + " characters";
    }
    return content.encode().length > LONGEST
        ? "Error: a signal has at most " + LONGEST + " bytes as JSON"
        : null;
  }

  /**
   * The signal as the members of a room receive it.
   *
   * @param room the room's name
   * @return the JSON, as UTF-8
   * @throws IllegalArgumentException if the content is nested too deeply
   */
  public byte[] encode(String room) {
    return writeTo(new JsonWriter(320).raw("{\"context\":\"signal\",\"room\":").text(room));
  }

  private byte[] writeTo(JsonWriter json) {
    json.raw(",\"from\":").value(from, DEPTH);
    if (user != null) {
      json.raw(",\"user\":").value(user.json(), DEPTH);
    }
    if (kind != null) {
      json.raw(",\"kind\":").text(kind);
    }
    return json.raw(",\"signal\":").value(content, DEPTH).raw('}').written();
  }

  /**
   * A signal as one server of a cluster sends it to the others.
   *
   * @param peer the name of the server's run
   * @param signal the signal
   */
  public record Sent(String peer, Signal signal) {

    /**
     * The signal in its wire format.
     *
     * @return the JSON, as UTF-8
     * @throws IllegalArgumentException if the content is nested too deeply
     */
    public byte[] encode() {
      return signal.writeTo(new JsonWriter(320).raw("{\"peer\":").text(peer));
    }

    /**
     * Reads a signal.
     *
     * @param json the bytes that {@link #encode} wrote, or any other bytes
     * @return the signal
     * @throws MalformedJsonException if the bytes are not a signal
     */
    public static Sent parse(byte[] json) throws MalformedJsonException {
      if (Json.parseEncoded(json) instanceof Json.Obj fields
          && fields.get("peer") instanceof Json.Text peer) {
        Json from = fields.get("from");
        Json content = fields.get("signal");
        String kind = fields.get("kind") instanceof Json.Text text ? text.value() : null;
        if (from != null && content != null) {
          return new Sent(peer.value(), new Signal(from, user(fields.get("user")), kind, content));
        }
      }
      throw new MalformedJsonException("a signal must have the fields peer, from and signal");
    }

    private static @Nullable User user(@Nullable Json user) throws MalformedJsonException {
      try {
        return user instanceof Json.Obj object ? User.of(object) : null;
      } catch (IllegalArgumentException e) {
        throw new MalformedJsonException(String.valueOf(e.getMessage()));
      }
    }
  }
}
