package io.earshot.netty.action;

import io.earshot.Config;
import io.earshot.protocol.Json;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An encoded answer: JSON, JSON in a call of a function (JSONP), or XML.
 *
 * <p>Immutable.
 *
 * @param type the Content-Type
 * @param body the encoded answer
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Envelope(String type, byte[] body) {
  private static final Pattern CALLBACK = Pattern.compile("[\\w$.]{1,64}");

  /** Whether a name may be the function that a script calls; it is not escaped. */
  static boolean isCallback(String name) {
    return CALLBACK.matcher(name).matches();
  }

  static Envelope json(Json.Obj answer) {
    return new Envelope("application/json", answer.encode());
  }

  static Envelope script(String callback, Json.Obj answer) {
    // JSON may contain two characters that end a line in old JavaScript.
    String json =
        new String(answer.encode(), StandardCharsets.UTF_8)
            .replace("\u2028", "\\u2028")
            .replace("\u2029", "\\u2029");
    return new Envelope(
        "application/javascript", (callback + "(" + json + ");").getBytes(StandardCharsets.UTF_8));
  }

  /**
   * An answer as XML.
   *
   * @throws IllegalArgumentException if it is too long; checked at each element, since the name of
   *     a list is repeated with each item, and XML may be a thousand times as long as JSON
   */
  static Envelope xml(Json.Obj answer, Config.Limits limits) {
    var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    element(xml, "XML", answer, limits);
    return new Envelope(
        "application/xml; charset=utf-8", xml.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Appends an element. Lists become repeated elements; null is left out. */
  private static void element(StringBuilder xml, String name, Json value, Config.Limits limits) {
    limits.checkAnswer(xml.length());
    switch (value) {
      case Json.Null ignored -> {}
      case Json.Array(List<Json> items) -> items.forEach(item -> element(xml, name, item, limits));
      case Json.Obj(Map<String, Json> fields) -> {
        xml.append('<').append(name).append('>');
        fields.forEach((key, field) -> element(xml, tag(key), field, limits));
        xml.append("</").append(name).append('>');
      }
      default ->
          xml.append('<')
              .append(name)
              .append('>')
              .append(escaped(String.valueOf(value.asText())))
              .append("</")
              .append(name)
              .append('>');
    }
  }

  /** A valid name of an element, as similar to the key as possible. */
  private static String tag(String key) {
    String tag = key.replaceAll("[^A-Za-z0-9_.-]", "_");
    return tag.matches("[A-Za-z_].*") ? tag : "_" + tag;
  }

  private static String escaped(String text) {
    var escaped = new StringBuilder(text.length());
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '&' -> escaped.append("&amp;");
                case '\t', '\n', '\r' -> escaped.append("&#").append(c).append(';');
                default -> escaped.appendCodePoint(isXml(c) ? c : 0xFFFD);
              }
            });
    return escaped.toString();
  }

  private static boolean isXml(int c) {
    return c >= 0x20 && c != 0xFFFE && c != 0xFFFF && !(c >= 0xD800 && c <= 0xDFFF);
  }

  /** The whole answer to a request for an action. */
  static Json.Obj answer(
      Map<String, Json> fields,
      Json.Obj serverInformation,
      Json.Obj requestorInformation,
      @Nullable String error) {
    var all = new LinkedHashMap<String, Json>(fields);
    all.put("serverInformation", serverInformation);
    all.put("requestorInformation", requestorInformation);
    if (error != null) {
      all.put("error", Json.of(error));
    }
    return new Json.Obj(all);
  }
}
