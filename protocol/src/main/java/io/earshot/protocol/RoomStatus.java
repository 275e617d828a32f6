package io.earshot.protocol;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.PriorityQueue;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The members of a room, or a {@link Page} of them. Connections that only listen are not members. A
 * room that does not exist has no members.
 *
 * <p>Immutable.
 *
 * @param room the room's name
 * @param members the members' ids: all in the order in which they joined, or a page in the order of
 *     the ids
 * @param cursor the end of the room's order; null if the room has had no message
 * @param membersCount how many members the room has, on all pages
 * @param next the last id of the page if members follow on further pages, else null
 * @param users users who are present, in the order of their ids: all of them, or a part
 * @param usersCount how many users are present, on all pages
 * @param usersNext the last id of {@code users} if more users follow, else null
 */
public record RoomStatus(
    String room,
    List<String> members,
    @Nullable Cursor cursor,
    int membersCount,
    @Nullable String next,
    List<PresentUser> users,
    int usersCount,
    @Nullable String usersNext) {

  /** Copies the lists. */
  public RoomStatus {
    members = List.copyOf(members);
    users = List.copyOf(users);
  }

  /**
   * The status of a room with the ids of all members, none of whom is a user.
   *
   * @param room the room's name
   * @param members the ids of all members, in the order in which they joined
   * @param cursor the end of the room's order; null if the room has had no message
   */
  public RoomStatus(String room, List<String> members, @Nullable Cursor cursor) {
    this(room, members, cursor, List.of());
  }

  /**
   * The status of a room with the ids of all members, and the first users.
   *
   * @param room the room's name
   * @param members the ids of all members, in the order in which they joined
   * @param cursor the end of the room's order; null if the room has had no message
   * @param users all users who are present, in the order of their ids
   */
  public RoomStatus(
      String room, List<String> members, @Nullable Cursor cursor, List<PresentUser> users) {
    this(room, members, cursor, members.size(), null, Page.FIRST, users);
  }

  private RoomStatus(
      String room,
      List<String> members,
      @Nullable Cursor cursor,
      int membersCount,
      @Nullable String next,
      Page page,
      List<PresentUser> users) {
    this(
        room,
        members,
        cursor,
        membersCount,
        next,
        page.of(users),
        users.size(),
        page.nextOf(users));
  }

  /**
   * A part of a list of members in the order of the ids: that of {@link String#compareTo}, which is
   * that of the ASCII characters. A member that stays in the room while a client reads page after
   * page is on exactly one of the pages, even if other members join or leave meanwhile.
   *
   * <p>Immutable.
   *
   * @param limit the largest number of ids, from 1 to {@link #MAX_LIMIT}
   * @param after the id after which the page begins, whose client may have left; null for the first
   *     page
   * @param usersAfter the id of the user after which the page of users begins; null for the first
   */
  public record Page(int limit, @Nullable String after, @Nullable String usersAfter) {

    /** The largest number of ids on a page. */
    public static final int MAX_LIMIT = 1_000;

    private static final Page FIRST = new Page(MAX_LIMIT, null, null);

    private static final Pattern ID = Pattern.compile("[\\w-]{1,64}");

    /**
     * Checks the values.
     *
     * @throws IllegalArgumentException if the limit is out of range, or the text cannot be an id
     */
    public Page {
      if (limit < 1 || limit > MAX_LIMIT) {
        throw new IllegalArgumentException("limit must be a number from 1 to " + MAX_LIMIT);
      }
      if (after != null && !ID.matcher(after).matches()) {
        throw new IllegalArgumentException("after must be a member's id");
      }
      if (usersAfter != null && (usersAfter.isEmpty() || usersAfter.length() > User.LONGEST)) {
        throw new IllegalArgumentException("usersAfter must be a user's id");
      }
    }

    /**
     * Reads a page from a request.
     *
     * @param limit the largest number of ids in decimal digits; null for {@link #MAX_LIMIT}
     * @param after the id after which the page begins, or null
     * @param usersAfter the id of the user after which the page of users begins, or null
     * @return the page; null if no value is given
     * @throws IllegalArgumentException if a value is not valid; the message, for the client, names
     *     the value
     */
    public static @Nullable Page parse(
        @Nullable String limit, @Nullable String after, @Nullable String usersAfter) {
      if (limit == null && after == null && usersAfter == null) {
        return null;
      }
      if (limit == null) {
        return new Page(MAX_LIMIT, after, usersAfter);
      }
      int number = limit.matches("[0-9]{1,9}") ? Integer.parseInt(limit) : 0;
      return new Page(number, after, usersAfter);
    }

    /**
     * Reads a page from the fields of a request.
     *
     * @param limit the largest number of ids, a number or a text; null for {@link #MAX_LIMIT}
     * @param after the id after which the page begins, a text; or null
     * @param usersAfter the id of the user after which the page of users begins, a text; or null
     * @return the page; null if no value is given
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static @Nullable Page fromJson(
        @Nullable Json limit, @Nullable Json after, @Nullable Json usersAfter) {
      return parse(
          limit == null || limit instanceof Json.Null ? null : String.valueOf(limit.asText()),
          id(after),
          id(usersAfter));
    }

    /** The text of an id; no valid one if the value is no text. */
    private static @Nullable String id(@Nullable Json value) {
      if (value == null || value instanceof Json.Null) {
        return null;
      }
      return value instanceof Json.Text id ? id.value() : "";
    }

    /** The users of the page, of all users. */
    private List<PresentUser> of(List<PresentUser> users) {
      return users.stream().filter(this::isAfter).limit(limit).toList();
    }

    private boolean isAfter(PresentUser each) {
      return usersAfter == null || each.user().id().compareTo(usersAfter) > 0;
    }

    /** The id after which the next page of users begins; null if there is none. */
    private @Nullable String nextOf(List<PresentUser> users) {
      List<PresentUser> two =
          users.stream().filter(this::isAfter).skip(limit - 1).limit(2).toList();
      return two.size() < 2 ? null : two.get(0).user().id();
    }

    /**
     * Selects the page. Takes the time of one pass over the ids, and the memory of one page.
     *
     * @param room the room's name
     * @param ids the ids of all members, in any order
     * @param count the number of members
     * @param cursor the end of the room's order; null if the room has had no message
     * @param users all users who are present, in the order of their ids
     * @return the status with the ids and the users of the page
     */
    public RoomStatus select(
        String room,
        Stream<String> ids,
        int count,
        @Nullable Cursor cursor,
        List<PresentUser> users) {
      // The first ids so far; the last one of them is the head of the queue.
      var first = new PriorityQueue<String>(Comparator.reverseOrder());
      boolean isLast = true;
      for (Iterator<String> each = ids.iterator(); each.hasNext(); ) {
        String id = each.next();
        if (after != null && id.compareTo(after) <= 0) {
          continue;
        }
        if (first.size() < limit) {
          first.add(id);
        } else {
          isLast = false;
          if (id.compareTo(first.element()) < 0) {
            first.remove();
            first.add(id);
          }
        }
      }
      var page = new ArrayList<>(first);
      page.sort(Comparator.naturalOrder());
      return new RoomStatus(
          room, page, cursor, count, isLast ? null : page.get(page.size() - 1), this, users);
    }
  }

  /**
   * The status in its wire format.
   *
   * @return the JSON object
   */
  public Json.Obj toJson() {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("room", Json.of(room));
    fields.put("members", new Json.Array(members.stream().map(Json::of).toList()));
    fields.put("membersCount", Json.of(membersCount));
    if (next != null) {
      fields.put("next", Json.of(next));
    }
    if (usersCount > 0) {
      fields.put("users", new Json.Array(users.stream().<Json>map(PresentUser::toJson).toList()));
      fields.put("usersCount", Json.of(usersCount));
    }
    if (usersNext != null) {
      fields.put("usersNext", Json.of(usersNext));
    }
    if (cursor != null) {
      cursor.putInto(fields);
    }
    return new Json.Obj(fields);
  }
}
