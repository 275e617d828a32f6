package io.earshot.netty.room;

import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.RequestBody;
import io.earshot.protocol.Json;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a JSON object in the body of a request.
 *
 * <p>Immutable.
 */
record Fields(Map<String, Json> all) {

  /** The most items of a list: requests, or rooms of a poll. */
  static final int MOST = 256;

  /** The fields of a request's body. */
  static Fields of(FullHttpRequest request) throws ProblemException {
    if (!RequestBody.mediaType(request).equals("application/json")) {
      throw new ProblemException(
          HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE, "the body has to be application/json");
    }
    return new Fields(RequestBody.object(RequestBody.text(request)));
  }

  boolean has(String name) {
    return all.containsKey(name);
  }

  List<Json> array(String name) throws ProblemException {
    if (all.get(name) instanceof Json.Array(List<Json> items) && items.size() <= MOST) {
      return items;
    }
    throw ProblemException.badRequest(name + " is required: a list of at most " + MOST);
  }

  @Nullable String text(String name) throws ProblemException {
    Json value = all.get(name);
    if (value == null || value instanceof Json.Null) {
      return null;
    } else if (value instanceof Json.Text(String text)) {
      return text;
    }
    throw ProblemException.badRequest(name + " must be a text");
  }

  int number(String name, int otherwise) throws ProblemException {
    Json value = all.get(name);
    String text = value == null || value instanceof Json.Null ? null : value.asText();
    if (text == null) {
      return otherwise;
    }
    if (!text.matches("\\d{1,9}")) {
      throw ProblemException.badRequest(name + " must be a number, 0 or more");
    }
    return Integer.parseInt(text);
  }
}
