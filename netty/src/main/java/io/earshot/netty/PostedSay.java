package io.earshot.netty;

import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What somebody says by a POST.
 *
 * <p>Immutable.
 *
 * @param message what
 * @param audience whom it is for, or null for all
 * @param messageId what they call it among what they say, or null
 * @param key what nobody else calls anything, or null
 */
record PostedSay(
    Json message, @Nullable Audience audience, @Nullable Json messageId, @Nullable String key) {
  private static final int LONGEST_ID = 256;

  /**
   * Reads a request.
   *
   * @param longest how long its body may be, in bytes
   */
  static PostedSay of(FullHttpRequest request, int longest) throws ProblemException {
    if (request.content().readableBytes() > longest) {
      throw new ProblemException(
          HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
          "a message has at most " + longest + " bytes");
    }
    String body =
        Framing.text(
            request.content(), request.content().readerIndex(), request.content().readableBytes());
    if (body == null) {
      throw ProblemException.badRequest("the body is not UTF-8");
    }
    Map<String, Json> fields = fields(request, body);
    Json message = fields.get("message");
    if (message == null) {
      throw ProblemException.badRequest("a message is required");
    }
    String key = request.headers().get("idempotency-key");
    Json messageId = fields.get("messageId");
    String id = messageId == null ? "" : messageId.asText();
    if (id == null || id.length() > LONGEST_ID || (key != null && key.length() > LONGEST_ID)) {
      throw ProblemException.badRequest(
          "messageId is a text or a number, and neither that nor Idempotency-Key has more than "
              + LONGEST_ID
              + " characters");
    }
    return new PostedSay(message, Audience.of(fields), messageId, key);
  }

  private static Map<String, Json> fields(FullHttpRequest request, String body)
      throws ProblemException {
    String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    return switch (type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT)) {
      case "application/json" -> json(body);
      case "application/x-www-form-urlencoded" -> form(body);
      case "text/plain" -> body.isEmpty() ? Map.of() : Map.of("message", Json.of(body));
      default ->
          throw new ProblemException(
              HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE,
              "say it as application/json, application/x-www-form-urlencoded or text/plain");
    };
  }

  static Map<String, Json> json(String body) throws ProblemException {
    try {
      if (Json.parse(body) instanceof Json.Obj(var fields)) {
        return fields;
      }
    } catch (MalformedJsonException e) {
      throw ProblemException.badRequest("the body is not valid JSON: " + e.getMessage());
    }
    throw ProblemException.badRequest("the body must be one object");
  }

  private static Map<String, Json> form(String body) throws ProblemException {
    try {
      var fields = new HashMap<String, Json>();
      for (Map.Entry<String, List<String>> field :
          WebRequest.decoded(body, false).parameters().entrySet()) {
        if (field.getValue().size() == 1) {
          fields.put(field.getKey(), Json.of(field.getValue().getFirst()));
        } else if (field.getKey().matches("message.*|roomMatch.*")) {
          throw ProblemException.badRequest(field.getKey() + " is to be given once");
        }
      }
      return fields;
    } catch (WebRequest.MalformedException e) {
      throw ProblemException.badRequest(String.valueOf(e.getMessage()));
    }
  }
}
