package io.earshot.netty.publish;

import io.earshot.Publication;
import io.earshot.netty.http.ProblemException;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message as a back end posts it, without its room.
 *
 * <p>Immutable.
 *
 * @param message the message
 * @param length the length of its JSON, in bytes
 * @param from the {@code from} of the message; null for the server's name
 * @param audience the recipients; null for all
 * @param id the back end's id of the message, which its repeats have, too; or null
 */
record PostedMessage(
    Json message,
    int length,
    @Nullable Json from,
    @Nullable Audience audience,
    @Nullable String id) {
  private static final int LONGEST_ID = 256;
  private static final int LONGEST_SHOWN = 64;
  private static final List<String> FIELDS = List.of("message", "from", "match", "id");

  /**
   * Reads the fields of an object.
   *
   * @param others the names of further fields that the object may have
   * @param maxLength the longest message, in bytes
   */
  static PostedMessage of(Map<String, Json> fields, List<String> others, int maxLength)
      throws ProblemException {
    only(fields, others);
    Json message = fields.get("message");
    if (message == null) {
      throw ProblemException.badRequest("a message is required");
    }
    int length = message.encode().length;
    if (length > maxLength) {
      throw ProblemException.bodyTooLarge(maxLength);
    }
    String from = text(fields, "from");
    String id = text(fields, "id");
    if (id != null && (id.isEmpty() || id.length() > LONGEST_ID)) {
      throw ProblemException.badRequest("id has 1 to " + LONGEST_ID + " characters");
    }
    return new PostedMessage(
        message, length, from == null ? null : Json.of(from), audience(fields), id);
  }

  /** Refuses other fields, so that a misspelt field is not ignored. */
  private static void only(Map<String, Json> fields, List<String> others) throws ProblemException {
    for (String field : fields.keySet()) {
      if (!FIELDS.contains(field) && !others.contains(field)) {
        throw unknown(field, others);
      }
    }
  }

  static ProblemException unknown(String field, List<String> others) {
    var known = new ArrayList<>(others);
    known.addAll(FIELDS);
    return ProblemException.badRequest(
        "'" + shown(field) + "' means nothing here; there is " + String.join(", ", known));
  }

  /** A text of a client for an error, which stays short. */
  static String shown(String text) {
    return text.length() <= LONGEST_SHOWN
        ? text
        : text.substring(0, text.offsetByCodePoints(0, LONGEST_SHOWN / 2)) + "…";
  }

  private static @Nullable String text(Map<String, Json> fields, String field)
      throws ProblemException {
    return switch (fields.get(field)) {
      case null -> null;
      case Json.Text(String text) -> text;
      default -> throw ProblemException.badRequest(field + " is a text");
    };
  }

  private static @Nullable Audience audience(Map<String, Json> fields) throws ProblemException {
    return switch (fields.get("match")) {
      case null -> null;
      case Json.Obj match
          when match.fields().size() == 2
              && match.get("key") instanceof Json.Text(String key)
              && match.get("value") instanceof Json.Text(String value) ->
          new Audience(key, value);
      default -> throw ProblemException.badRequest("match is {\"key\":TEXT,\"value\":TEXT}");
    };
  }

  /**
   * The message for a room.
   *
   * @param room a valid name
   * @param otherwise the key of a message without an id; null for none
   */
  Publication to(String room, @Nullable String otherwise) {
    return new Publication(room, message, from, audience, id == null ? otherwise : id);
  }
}
