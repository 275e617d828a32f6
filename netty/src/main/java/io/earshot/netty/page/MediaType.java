package io.earshot.netty.page;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The media type of a file, by the ending of its name.
 *
 * <p>Immutable.
 *
 * @param name the value of {@code Content-Type}
 * @param isText whether compression makes such a file shorter
 */
record MediaType(String name, boolean isText) {
  private static final MediaType UNKNOWN = new MediaType("application/octet-stream", false);
  private static final Map<String, MediaType> BY_ENDING = new HashMap<>();

  static {
    text("text/html", "html", "htm");
    text("text/css", "css");
    text("text/javascript", "js", "mjs");
    text("text/plain", "txt", "log");
    text("text/markdown", "md");
    text("text/csv", "csv");
    text("text/calendar", "ics");
    text("text/vtt", "vtt");
    text("application/json", "json", "map");
    text("application/manifest+json", "webmanifest");
    text("application/xml", "xml");
    text("image/svg+xml", "svg");
    other("image/png", "png");
    other("image/jpeg", "jpg", "jpeg");
    other("image/gif", "gif");
    other("image/webp", "webp");
    other("image/avif", "avif");
    other("image/x-icon", "ico");
    other("font/woff", "woff");
    other("font/woff2", "woff2");
    other("font/ttf", "ttf");
    other("font/otf", "otf");
    other("audio/mpeg", "mp3");
    other("audio/mp4", "m4a");
    other("audio/ogg", "ogg", "oga", "opus");
    other("audio/wav", "wav");
    other("audio/flac", "flac");
    other("video/mp4", "mp4");
    other("video/webm", "webm");
    other("application/pdf", "pdf");
    other("application/zip", "zip");
    other("application/gzip", "gz");
    other("application/wasm", "wasm");
  }

  private static void text(String name, String... endings) {
    add(new MediaType(name + "; charset=utf-8", true), endings);
  }

  private static void other(String name, String... endings) {
    add(new MediaType(name, false), endings);
  }

  private static void add(MediaType type, String... endings) {
    for (String ending : endings) {
      BY_ENDING.put(ending, type);
    }
  }

  static MediaType of(String fileName) {
    String ending = fileName.substring(fileName.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return BY_ENDING.getOrDefault(ending, UNKNOWN);
  }
}
