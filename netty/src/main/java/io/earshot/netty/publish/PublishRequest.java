package io.earshot.netty.publish;

import io.earshot.Publication;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.room.RoomUrl;
import io.earshot.protocol.Json;
import io.earshot.protocol.RoomName;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the messages of one request, each of which may name several rooms. One that is not valid
 * refuses the whole request, before any message is told.
 *
 * <p>Owned by the thread that reads the request.
 */
final class PublishRequest {
  /** The most messages of a request; one for several rooms counts for each. */
  static final int MOST = 1_000;

  /** The most bytes of all messages; one for several rooms counts for each. */
  static final int MOST_BYTES = 16 << 20;

  private static final List<String> RECIPIENTS = List.of("room", "rooms", "user", "users");

  private final int maxLength;
  private final @Nullable String repeats;
  private final List<Entry> entries = new ArrayList<>();

  /** For each id the message that has it, by the room. */
  private final Map<Id, Integer> ids = new HashMap<>();

  private long bytes;

  /**
   * A message for one room.
   *
   * @param index the place of the message in the request
   */
  record Entry(int index, Publication publication) {}

  private record Id(String room, String id) {}

  private PublishRequest(int maxLength, @Nullable String repeats) {
    this.maxLength = maxLength;
    this.repeats = repeats;
  }

  /**
   * Reads a request.
   *
   * @param body the fields of its body
   * @param maxLength the longest message, in bytes
   * @param repeats a text that the request and its repeats share; null for none
   * @return the messages, in the order of the request
   */
  static List<Entry> read(Map<String, Json> body, int maxLength, @Nullable String repeats)
      throws ProblemException {
    for (String field : body.keySet()) {
      if (!field.equals("messages")) {
        throw ProblemException.badRequest(
            "'" + PostedMessage.shown(field) + "' means nothing here; there is messages");
      }
    }
    if (!(body.get("messages") instanceof Json.Array(List<Json> items)) || items.isEmpty()) {
      throw ProblemException.badRequest("messages is required: a list of 1 to " + MOST);
    }
    var request = new PublishRequest(maxLength, repeats);
    for (int i = 0; i < items.size(); i++) {
      try {
        request.add(i, items.get(i));
      } catch (ProblemException e) {
        throw new ProblemException(e.status(), "messages[" + i + "]: " + e.getMessage());
      }
    }
    return List.copyOf(request.entries);
  }

  private void add(int index, Json item) throws ProblemException {
    if (!(item instanceof Json.Obj(Map<String, Json> fields))) {
      throw ProblemException.badRequest("a message is an object");
    }
    PostedMessage message = PostedMessage.of(fields, RECIPIENTS, maxLength);
    List<String> rooms = rooms(fields);
    bytes += (long) message.length() * rooms.size();
    if (entries.size() + rooms.size() > MOST) {
      throw tooLarge("a request has at most " + MOST + " messages, one for each room");
    } else if (bytes > MOST_BYTES) {
      throw tooLarge("the messages of a request have at most " + MOST_BYTES + " bytes");
    }
    for (String room : rooms) {
      String id = message.id();
      Integer same = id == null ? null : ids.put(new Id(room, id), index);
      if (same != null) {
        throw ProblemException.badRequest(
            "its id is that of messages[" + same + "], for the same room");
      }
      entries.add(new Entry(index, message.to(room, repeats == null ? null : repeats + index)));
    }
  }

  private static ProblemException tooLarge(String detail) {
    return new ProblemException(HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE, detail);
  }

  private static List<String> rooms(Map<String, Json> fields) throws ProblemException {
    List<String> given = RECIPIENTS.stream().filter(fields::containsKey).toList();
    if (given.size() != 1) {
      throw ProblemException.badRequest("one of room, rooms, user and users is required");
    }
    String field = given.getFirst();
    boolean areUsers = field.startsWith("user");
    var rooms = new LinkedHashSet<String>();
    for (Json name : named(field, fields.get(field))) {
      if (!(name instanceof Json.Text(String text))) {
        throw ProblemException.badRequest(
            field + (field.endsWith("s") ? " is a list of texts" : " is a text"));
      }
      if (!rooms.add(areUsers ? inbox(text) : RoomUrl.valid(text))) {
        throw ProblemException.badRequest(field + " has '" + PostedMessage.shown(text) + "' twice");
      }
    }
    return List.copyOf(rooms);
  }

  private static List<Json> named(String field, @Nullable Json value) throws ProblemException {
    if (!field.endsWith("s")) {
      return value == null ? List.of() : List.of(value);
    }
    if (value instanceof Json.Array(List<Json> names) && !names.isEmpty()) {
      return names;
    }
    throw ProblemException.badRequest(field + " is a list of at least one name");
  }

  private static String inbox(String user) throws ProblemException {
    String room = RoomName.INBOX + user;
    if (user.isEmpty() || !RoomName.isValid(room)) {
      throw ProblemException.badRequest(
          "the id of a user has 1 to "
              + (RoomName.MAX_LENGTH - 1)
              + " characters and no control characters");
    }
    return room;
  }
}
