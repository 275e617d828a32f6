package io.earshot.netty.room;

import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Query;
import io.earshot.netty.http.RequestBody;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A message that a client posts to the URL of a room's messages.
 *
 * <p>Immutable.
 *
 * @param message the message
 * @param audience the members that it is for, or null for all
 * @param messageId the client's own id of the message, or null
 * @param key the header {@code Idempotency-Key}, unique among all messages of all clients, or null
 */
record PostedSay(
    Json message, @Nullable Audience audience, @Nullable Json messageId, @Nullable String key) {
  private static final int MAX_ID_LENGTH = 256;

  /**
   * Reads a request.
   *
   * @param maxLength the longest body, in bytes
   */
  static PostedSay of(FullHttpRequest request, int maxLength) throws ProblemException {
    if (request.content().readableBytes() > maxLength) {
      throw ProblemException.bodyTooLarge(maxLength);
    }
    Map<String, Json> fields = fields(request, RequestBody.text(request));
    Json message = fields.get("message");
    if (message == null) {
      throw ProblemException.badRequest("a message is required");
    }
    String key = request.headers().get("idempotency-key");
    Json messageId = fields.get("messageId");
    String id = messageId == null ? "" : messageId.asText();
    if (id == null
        || id.length() > MAX_ID_LENGTH
        || (key != null && key.length() > MAX_ID_LENGTH)) {
      throw ProblemException.badRequest(
          "messageId is a text or a number, and neither that nor Idempotency-Key has more than "
              + MAX_ID_LENGTH
              + " characters");
    }
    return new PostedSay(message, Audience.of(fields), messageId, key);
  }

  private static Map<String, Json> fields(FullHttpRequest request, String body)
      throws ProblemException {
    return switch (RequestBody.mediaType(request)) {
      case "application/json" -> RequestBody.object(body);
      case "application/x-www-form-urlencoded" -> form(body);
      case "text/plain" -> body.isEmpty() ? Map.of() : Map.of("message", Json.of(body));
      default ->
          throw new ProblemException(
              HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE,
              "say it as application/json, application/x-www-form-urlencoded or text/plain");
    };
  }

  private static Map<String, Json> form(String body) throws ProblemException {
    try {
      var fields = new HashMap<String, Json>();
      for (Map.Entry<String, List<String>> field : Query.ofForm(body).entrySet()) {
        if (field.getValue().size() == 1) {
          fields.put(field.getKey(), Json.of(field.getValue().getFirst()));
        } else if (field.getKey().matches("message.*|roomMatch.*")) {
          throw ProblemException.badRequest(field.getKey() + " is to be given once");
        }
      }
      return fields;
    } catch (MalformedRequestException e) {
      throw ProblemException.of(e);
    }
  }
}
