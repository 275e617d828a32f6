package io.earshot.netty.page;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/**
 * A representation of a file (RFC 9110, 3.2): the file as it is, or compressed.
 *
 * <p>Immutable.
 *
 * @param tag the entity tag, with quotes; unique among all representations
 * @param modified when the file was changed last
 * @param length how many bytes it has
 * @param isGzip whether it is compressed
 * @param content its bytes, or the file that has them
 */
record Representation(
    MediaType type, String tag, Instant modified, long length, boolean isGzip, Content content) {

  /** The source of a representation's bytes. */
  sealed interface Content {
    /** In memory. */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
    record Bytes(byte[] bytes) implements Content {}

    /** On disk. */
    record InFile(Path path) implements Content {}
  }

  static byte[] gzip(byte... bytes) {
    var out = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException("memory cannot be written to", e);
    }
    return out.toByteArray();
  }

  /** Whether a client accepts gzip (RFC 9110, 12.5.3). */
  static boolean acceptsGzip(HttpHeaders headers) {
    boolean any = false;
    for (String line : headers.getAll(HttpHeaderNames.ACCEPT_ENCODING)) {
      for (String item : line.toLowerCase(Locale.ROOT).split(",", -1)) {
        String[] parts = item.split(";", 2);
        boolean wanted = parts.length < 2 || !parts[1].strip().matches("q\\s*=\\s*0(\\.0*)?");
        switch (parts[0].strip()) {
          case "gzip", "x-gzip" -> {
            return wanted;
          }
          case "*" -> any = wanted;
          default -> {}
        }
      }
    }
    return any;
  }
}
