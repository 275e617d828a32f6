package io.earshot.netty.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Conditional requests, ranges and compressed forms of files under {@code /public/}. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"EPOLL_FRAMES", "NIO_FRAMES", "EPOLL_TLS_FRAMES"})
final class RepresentationTest extends StaticFilesTestCase {
  private static String gunzip(byte... bytes) throws IOException {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          If-None-Match: TAG                                 | 304
          If-None-Match: W/TAG                               | 304
          If-None-Match: "x", TAG                            | 304
          If-None-Match: *                                   | 304
          If-None-Match: "x"                                 | 200
          If-None-Match: ""                                  | 200
          If-Modified-Since: Sun, 10 Nov 2013 12:00:00 GMT   | 304
          If-Modified-Since: Sunday, 10-Nov-13 12:00:00 GMT  | 304
          If-Modified-Since: Sun, 10 Nov 2013 11:59:59 GMT   | 200
          If-Modified-Since: yesterday                       | 200
          If-Match: TAG                                      | 200
          If-Match: *                                        | 200
          If-Match: "x"                                      | 412
          If-Match: W/TAG                                    | 412
          If-Unmodified-Since: Sun, 10 Nov 2013 12:00:00 GMT | 200
          If-Unmodified-Since: Sun, 10 Nov 2013 11:59:59 GMT | 412
          """)
  void conditional_requests_are_answered_as_the_rfc_says(String condition, int status)
      throws IOException {
    String tag = String.valueOf(get("/public/hello.txt").header("etag"));
    Answer answer = get("/public/hello.txt", condition.replace("TAG", tag));
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.header("etag")).isEqualTo(tag);
    assertThat(answer.header("cache-control")).isNotNull();
    assertThat(answer.text()).isEqualTo(status == 200 ? "Hello, Wörld!" : "");
    assertThat(get("/public/hello.txt").status()).isEqualTo(200);
  }

  @Test
  void an_entity_tag_takes_precedence_over_a_date() throws IOException {
    assertThat(
            get(
                    "/public/hello.txt",
                    "If-None-Match: \"x\"",
                    "If-Modified-Since: Sun, 10 Nov 2013 12:00:00 GMT")
                .status())
        .isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          bytes=0-4                      | 206 | Hello  | bytes 0-4/14
          bytes=0-0                      | 206 | H      | bytes 0-0/14
          bytes=12-                      | 206 | d!     | bytes 12-13/14
          bytes=-2                       | 206 | d!     | bytes 12-13/14
          Bytes=12-99999999999999999999  | 206 | d!     | bytes 12-13/14
          bytes=14-                      | 416 | ''     | bytes */14
          bytes=99999999999999999999-    | 416 | ''     | bytes */14
          bytes=-0                       | 416 | ''     | bytes */14
          bytes=-99                      | 206 | ALL    | bytes 0-13/14
          bytes=0-1,4-5                  | 200 | ALL    |
          bytes=4-2                      | 200 | ALL    |
          bytes=-                        | 200 | ALL    |
          bytes=x-y                      | 200 | ALL    |
          lines=0-4                      | 200 | ALL    |
          """)
  void a_range_is_sent_if_one_is_requested(
      String range, int status, String text, @Nullable String contentRange) throws IOException {
    Answer answer = get("/public/hello.txt", "Range: " + range, "Accept-Encoding: gzip");
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.text()).isEqualTo(text.equals("ALL") ? "Hello, Wörld!" : text);
    assertThat(answer.header("content-range")).isEqualTo(contentRange);
  }

  @Test
  void a_range_of_an_older_version_of_the_file_is_not_sent() throws IOException {
    String tag = String.valueOf(get("/public/hello.txt").header("etag"));
    String range = "Range: bytes=0-4";
    assertThat(get("/public/hello.txt", range, "If-Range: " + tag).status()).isEqualTo(206);
    assertThat(get("/public/hello.txt", range, "If-Range: \"x\"").status()).isEqualTo(200);
    assertThat(get("/public/hello.txt", range, "If-Range: Sun, 10 Nov 2013 12:00:00 GMT").status())
        .isEqualTo(206);
    assertThat(get("/public/hello.txt", range, "If-Range: Sun, 10 Nov 2013 12:00:01 GMT").status())
        .isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          gzip                | true
          deflate, gzip;q=0.5 | true
          br;q=1, *           | true
          X-GZIP              | true
          gzip;q=0            | false
          gzip;q=0.000, *     | false
          identity            | false
          deflate             | false
          """)
  void text_is_compressed_for_clients_that_accept_gzip(String accepted, boolean compressed)
      throws IOException {
    String text = "a{color:red}".repeat(500);
    for (int i = 0; i < 2; i++) {
      Answer answer = get("/public/long.css", "Accept-Encoding: " + accepted);
      assertThat(answer.header("vary")).isEqualTo("accept-encoding");
      assertThat(answer.header("content-encoding")).isEqualTo(compressed ? "gzip" : null);
      assertThat(compressed ? gunzip(answer.body()) : answer.text()).isEqualTo(text);
      assertThat(String.valueOf(answer.header("etag")).endsWith("-gz\"")).isEqualTo(compressed);
    }
    Answer page = get("/public/page.js", "Accept-Encoding: " + accepted);
    assertThat(page.header("content-encoding")).isEqualTo(compressed ? "gzip" : null);
  }

  @Test
  void the_compressed_form_follows_the_file_and_has_a_tag_of_its_own() throws IOException {
    String gzip = "Accept-Encoding: gzip";
    String tag = "If-None-Match: " + get("/public/long.css", gzip).header("etag");
    assertThat(get("/public/long.css", gzip, tag).status()).isEqualTo(304);
    assertThat(get("/public/long.css", tag).status()).isEqualTo(200);
    Files.writeString(temp.resolve("www/long.css"), "b{color:red}".repeat(500));
    assertThat(gunzip(get("/public/long.css", gzip).body())).startsWith("b{");
  }

  @Test
  void a_compressed_file_beside_the_file_is_sent_unless_it_is_older() throws IOException {
    Path beside = temp.resolve("www/long.css.gz");
    Files.write(beside, Representation.gzip("beside".getBytes(StandardCharsets.UTF_8)));
    assertThat(gunzip(get("/public/long.css", "Accept-Encoding: gzip").body())).isEqualTo("beside");
    assertThat(get("/public/long.css").text()).startsWith("a{");
    Files.setLastModifiedTime(beside, FileTime.from(THEN.minusSeconds(1)));
    assertThat(gunzip(get("/public/long.css", "Accept-Encoding: gzip").body())).startsWith("a{");
    Files.delete(beside);
    Files.createSymbolicLink(beside, temp.resolve("secret.txt"));
    assertThat(gunzip(get("/public/long.css", "Accept-Encoding: gzip").body())).startsWith("a{");
  }
}
