package io.earshot.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one server of a cluster wants to be told in a room, as it travels between them. It has no
 * place in the room's order yet.
 *
 * <p>Immutable.
 *
 * @param message what
 * @param from who says so: a text, or whatever a stand-in was given
 * @param sentAt when it was said, in milliseconds since 1970; the same for all who hear it
 * @param except the id of who is not to hear it, or null
 * @param isStrange whether {@code except} may be somebody on another server than the one that it
 *     comes from
 * @param audience whom it is for, or null for all
 * @param origin which server it comes from, and which of its posts it is
 */
public record Post(
    Json message,
    Json from,
    long sentAt,
    @Nullable String except,
    boolean isStrange,
    @Nullable Audience audience,
    Origin origin) {

  /** The deepest a message may be nested, since the post is around it. */
  private static final int DEPTH = JsonCodec.MAX_TOLD_DEPTH - 1;

  /**
   * What makes a post the same when it comes twice.
   *
   * @param peer the name of one run of one server
   * @param number larger for what that server posts later
   */
  public record Origin(String peer, long number) {

    /**
     * The same, numbered apart from what the server's rooms post. Those number and send on a thread
     * of their own, and whichever of two came late would be taken for one that was told already.
     *
     * @return the origin
     */
    public Origin apart() {
      return new Origin(peer + ".reaper", number);
    }

    /**
     * The two as one number, which another has by no more than chance.
     *
     * @return the number
     */
    public long key() {
      long mixed = (number ^ ((long) peer.hashCode() << 32)) * 0x9E3779B97F4A7C15L;
      return mixed ^ (mixed >>> 29);
    }

    /** As it stands in a room's log. */
    @Override
    public String toString() {
      return peer + ":" + number;
    }
  }

  /**
   * As it travels.
   *
   * @return JSON, as UTF-8
   * @throws IllegalArgumentException if the message is nested too deeply to be said
   */
  public byte[] encode() {
    int length = message instanceof Json.Text(String text) ? text.length() : 200;
    var json =
        new JsonWriter(length + 160)
            .raw("{\"p\":")
            .text(origin.peer)
            .raw(",\"n\":")
            .raw(Long.toString(origin.number))
            .raw(",\"t\":")
            .raw(Long.toString(sentAt))
            .raw(",\"f\":")
            .value(from, DEPTH);
    if (except != null) {
      json.raw(isStrange ? ",\"s\":" : ",\"x\":").text(except);
    }
    if (audience != null) {
      json.raw(",\"k\":").text(audience.key());
      if (audience.value() != null) {
        json.raw(",\"v\":").text(audience.value());
      }
    }
    return json.raw(",\"m\":").value(message, DEPTH).raw('}').written();
  }

  /**
   * Reads a post.
   *
   * @param json what {@link #encode} wrote, or somebody else did
   * @return the post
   * @throws MalformedJsonException if it is none
   */
  public static Post parse(byte[] json) throws MalformedJsonException {
    if (!(Json.parseTold(json) instanceof Json.Obj(Map<String, Json> fields))) {
      throw new MalformedJsonException("a post is an object");
    }
    Json message = fields.get("m");
    Json from = fields.get("f");
    if (message == null || from == null) {
      throw new MalformedJsonException("a post has f and m");
    }
    String strange = optional(fields, "s");
    String key = optional(fields, "k");
    return new Post(
        message,
        from,
        number(fields, "t"),
        strange != null ? strange : optional(fields, "x"),
        strange != null,
        key == null ? null : new Audience(key, optional(fields, "v")),
        new Origin(text(fields, "p"), number(fields, "n")));
  }

  private static String text(Map<String, Json> fields, String name) throws MalformedJsonException {
    if (fields.get(name) instanceof Json.Text(String value)) {
      return value;
    }
    throw new MalformedJsonException("a post has a text " + name);
  }

  private static @Nullable String optional(Map<String, Json> fields, String name)
      throws MalformedJsonException {
    return fields.containsKey(name) ? text(fields, name) : null;
  }

  private static long number(Map<String, Json> fields, String name) throws MalformedJsonException {
    if (fields.get(name) instanceof Json.Num(String literal)
        && literal.length() <= 18
        && literal.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return Long.parseLong(literal);
    }
    throw new MalformedJsonException("a post has a number " + name);
  }
}
