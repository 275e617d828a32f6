package io.earshot.protocol;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message for a room that one server of a cluster publishes to the others. It has no position in
 * the room's order yet.
 *
 * <p>Immutable.
 *
 * @param message the content
 * @param from the id of the sender: a text, or any JSON value that a stand-in has as its id
 * @param user the user of the sender; null for none
 * @param sentAt when it was sent, in milliseconds since 1970; the same for all recipients
 * @param except the id of the connection that does not receive it, or null
 * @param mayBeElsewhere whether the connection {@code except} may be on another server than the
 *     publisher
 * @param audience the recipients; null for all members
 * @param announcement what the server announces by it; null for a message that somebody sent
 * @param origin the publishing server, and the number of the post
 */
public record Post(
    Json message,
    Json from,
    @Nullable User user,
    long sentAt,
    @Nullable String except,
    boolean mayBeElsewhere,
    @Nullable Audience audience,
    @Nullable Announcement announcement,
    Origin origin) {

  /** The deepest nesting of the content: the post around it adds one level. */
  private static final int DEPTH = JsonCodec.MAX_TOLD_DEPTH - 1;

  /**
   * A post that is no announcement, of a sender without a user.
   *
   * @param message the content
   * @param from the id of the sender
   * @param sentAt when it was sent, in milliseconds since 1970
   * @param except the id of the connection that does not receive it, or null
   * @param mayBeElsewhere whether that connection may be on another server than the publisher
   * @param audience the recipients; null for all members
   * @param origin the publishing server, and the number of the post
   */
  public Post(
      Json message,
      Json from,
      long sentAt,
      @Nullable String except,
      boolean mayBeElsewhere,
      @Nullable Audience audience,
      Origin origin) {
    this(message, from, null, sentAt, except, mayBeElsewhere, audience, null, origin);
  }

  /**
   * The announcement that a member has joined or left. The member itself does not receive it.
   *
   * @param what what is announced
   * @param id the id of the member
   * @param user the user of the member; null for none
   * @param at when it happened, in milliseconds since 1970
   * @param origin the publishing server, and the number of the post
   * @return the post
   */
  public static Post announcing(
      Announcement what, String id, @Nullable User user, long at, Origin origin) {
    return new Post(Json.of(what.text()), Json.of(id), user, at, id, false, null, what, origin);
  }

  /**
   * The identity of a post, by which servers recognise a duplicate.
   *
   * @param peer the name of one run of one server
   * @param number a number that grows with each post of that server
   */
  public record Origin(String peer, long number) {

    /**
     * An origin in a separate sequence of numbers. The server's rooms number and publish their
     * posts on another thread; in one sequence, a post that arrives late would count as a
     * duplicate.
     *
     * @return the origin
     */
    public Origin apart() {
      return new Origin(peer + ".reaper", number);
    }

    /**
     * A hash of the peer and the number.
     *
     * @return 64 bits, which two origins share only by chance
     */
    public long key() {
      long mixed = (number ^ ((long) peer.hashCode() << 32)) * 0x9E3779B97F4A7C15L;
      return mixed ^ (mixed >>> 29);
    }

    /** The text form, as in a room's log. */
    @Override
    public String toString() {
      return peer + ":" + number;
    }
  }

  /**
   * The post in its wire format.
   *
   * @return the JSON, as UTF-8
   * @throws IllegalArgumentException if the content is nested too deeply
   */
  public byte[] encode() {
    int length = message instanceof Json.Text text ? text.value().length() : 200;
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
    if (user != null) {
      json.raw(",\"u\":").value(user.json(), DEPTH);
    }
    if (except != null) {
      json.raw(mayBeElsewhere ? ",\"s\":" : ",\"x\":").text(except);
    }
    if (audience != null) {
      json.raw(",\"k\":").text(audience.key());
      if (audience.value() != null) {
        json.raw(",\"v\":").text(audience.value());
      }
    }
    if (announcement != null) {
      json.raw(",\"a\":").text(announcement.type());
    }
    return json.raw(",\"m\":").value(message, DEPTH).raw('}').written();
  }

  /**
   * Reads a post.
   *
   * @param json the bytes that {@link #encode} wrote, or any other bytes
   * @return the post
   * @throws MalformedJsonException if the bytes are not a post
   */
  public static Post parse(byte[] json) throws MalformedJsonException {
    if (!(Json.parseEncoded(json) instanceof Json.Obj post)) {
      throw new MalformedJsonException("a post must be an object");
    }
    Map<String, Json> fields = post.fields();
    Json message = fields.get("m");
    Json from = fields.get("f");
    if (message == null || from == null) {
      throw new MalformedJsonException("a post must have the fields f and m");
    }
    String strange = optional(fields, "s");
    String key = optional(fields, "k");
    return new Post(
        message,
        from,
        fields.containsKey("u") ? User.decoded(fields.get("u")) : null,
        number(fields, "t"),
        strange != null ? strange : optional(fields, "x"),
        strange != null,
        key == null ? null : new Audience(key, optional(fields, "v")),
        Announcement.ofType(optional(fields, "a")),
        new Origin(text(fields, "p"), number(fields, "n")));
  }

  private static String text(Map<String, Json> fields, String name) throws MalformedJsonException {
    if (fields.get(name) instanceof Json.Text text) {
      return text.value();
    }
    throw new MalformedJsonException("a post must have the text " + name);
  }

  private static @Nullable String optional(Map<String, Json> fields, String name)
      throws MalformedJsonException {
    return fields.containsKey(name) ? text(fields, name) : null;
  }

  private static long number(Map<String, Json> fields, String name) throws MalformedJsonException {
    if (fields.get(name) instanceof Json.Num number
        && number.literal().length() <= 18
        && number.literal().chars().allMatch(c -> c >= '0' && c <= '9')) {
      return Long.parseLong(number.literal());
    }
    throw new MalformedJsonException("a post must have the number " + name);
  }
}
