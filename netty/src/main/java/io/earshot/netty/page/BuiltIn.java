package io.earshot.netty.page;

import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A file in the jar: one of the chat page, or the client for browsers, whose source is in {@code
 * client-js}.
 *
 * <p>Immutable.
 *
 * @param plain the file as it is
 * @param gzip the compressed file
 */
record BuiltIn(Representation plain, Representation gzip) {

  /** The content security policy of the chat page. */
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  /**
   * The modification time of all files: the start of this process, since a jar has none to trust.
   */
  private static final Instant LOADED =
      ProcessHandle.current().info().startInstant().orElseGet(Instant::now);

  private static final Map<String, BuiltIn> FILES =
      Map.of(
          "index.html", load("page.html"),
          "page.html", load("page.html"),
          "page.js", load("page.js"),
          "page.css", load("page.css"),
          "icon.svg", load("icon.svg"),
          "earshot.js", load("earshot.js"));

  /**
   * A built-in file; null if there is none of this name. The page names its files relative to the
   * root, so that it works behind a proxy under any path; where it is shown in {@code /public/}
   * itself, that name is below the folder.
   */
  static @Nullable Representation find(String name, boolean gzip) {
    BuiltIn file = FILES.get(name.startsWith("public/") ? name.substring(7) : name);
    if (file == null) {
      return null;
    }
    return gzip ? file.gzip : file.plain;
  }

  private static BuiltIn load(String name) {
    try (var in = BuiltIn.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new LinkageError(name + " is missing from the jar");
      }
      byte[] content = in.readAllBytes();
      return new BuiltIn(
          representation(name, content, false, content),
          representation(name, content, true, Representation.gzip(content)));
    } catch (IOException e) {
      throw new LinkageError(name + " cannot be read", e);
    }
  }

  private static Representation representation(
      String name, byte[] content, boolean isGzip, byte[] bytes) {
    return new Representation(
        MediaType.of(name),
        "\"" + digest(content) + (isGzip ? "-gz\"" : "\""),
        LOADED,
        bytes.length,
        isGzip,
        new Representation.Content.Bytes(bytes));
  }

  private static String digest(byte... content) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
      return HexFormat.of().formatHex(digest, 0, 12);
    } catch (NoSuchAlgorithmException e) {
      throw new LinkageError("every JDK has SHA-256", e);
    }
  }
}
