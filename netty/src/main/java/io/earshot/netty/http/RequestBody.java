package io.earshot.netty.http;

import io.earshot.netty.frame.Utf8;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.util.Locale;
import java.util.Map;

/** Reads the body of a request. */
public final class RequestBody {
  private RequestBody() {}

  /** The media type of the body in lower case, without parameters; empty if none is given. */
  public static String mediaType(FullHttpRequest request) {
    String type = request.headers().get(HttpHeaderNames.CONTENT_TYPE, "");
    return type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
  }

  public static String text(FullHttpRequest request) throws ProblemException {
    try {
      return utf8(request);
    } catch (MalformedRequestException e) {
      throw ProblemException.of(e);
    }
  }

  /** The same for a request whose problems are answered in the format of actions. */
  public static String utf8(FullHttpRequest request) throws MalformedRequestException {
    ByteBuf content = request.content();
    String text = Utf8.text(content, content.readerIndex(), content.readableBytes());
    if (text == null) {
      throw new MalformedRequestException("the body is not UTF-8");
    }
    return text;
  }

  /** The fields of a body that is one JSON object. */
  public static Map<String, Json> object(String body) throws ProblemException {
    try {
      if (Json.parse(body) instanceof Json.Obj(var fields)) {
        return fields;
      }
    } catch (MalformedJsonException e) {
      throw ProblemException.badRequest("the body is not valid JSON: " + e.getMessage());
    }
    throw ProblemException.badRequest("the body must be one object");
  }
}
