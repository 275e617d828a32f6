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
 * The shapes in which an answer goes over HTTP: JSON, JSON in a call of a function, or XML.
 *
 * <p>Immutable.
 *
 * @param type the Content-Type
 * @param body the answer
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Envelope(String type, byte[] body) {
  private static final Pattern CALLBACK = Pattern.compile("[\\w$.]{1,64}");

  /** Whether a function of this name may be called: what it says goes into a script as it is. */
  static boolean isCallback(String name) {
    return CALLBACK.matcher(name).matches();
  }

  static Envelope json(Json.Obj answer) {
    return new Envelope("application/json", answer.encode());
  }

  static Envelope script(String callback, Json.Obj answer) {
    // JSON may hold two characters that end a line in old JavaScript.
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
   * @throws IllegalArgumentException if it is too long. It is found out on the way: the name of a
   *     list is said with each item, and may be a thousand times as long.
   */
  static Envelope xml(Json.Obj answer, Config.Limits limits) {
    var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    element(xml, "XML", answer, limits);
    return new Envelope(
        "application/xml; charset=utf-8", xml.toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Lists become repeated elements; what is null is left out. */
  private static void element(StringBuilder xml, String name, Json value, Config.Limits limits) {
    limits.checkAnswer(xml.length());
    switch (value) {
      case Json.Null _ -> {}
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

  /** A name that XML takes, as near to the key as it can be. */
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
