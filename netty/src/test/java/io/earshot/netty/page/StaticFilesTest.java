package io.earshot.netty.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files under {@code /public/}, asked for on real sockets. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"EPOLL_FRAMES", "NIO_FRAMES", "EPOLL_TLS_FRAMES"})
final class StaticFilesTest {
  private static final String SORRY = "Sorry, that file is not found :(";
  private static final Instant THEN = Instant.parse("2013-11-10T12:00:00Z");

  @TempDir Path temp;

  @SuppressWarnings("NullAway.Init")
  @Parameter
  Kind kind;

  @SuppressWarnings("NullAway.Init")
  private EarshotServer server;

  @SuppressWarnings("NullAway.Init")
  private WebSocketClient client;

  /** An answer; its header names are small. */
  @SuppressWarnings("ArrayRecordComponent")
  private record Answer(int status, String head, byte[] body) {
    @Nullable String header(String name) {
      return head.lines()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ": "))
          .map(line -> line.substring(name.length() + 2))
          .findFirst()
          .orElse(null);
    }

    String text() {
      return new String(body, StandardCharsets.UTF_8);
    }
  }

  @BeforeEach
  void start() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("www"));
    file(folder.resolve("hello.txt"), "Hello, Wörld!");
    file(folder.resolve("a b.txt"), "blank");
    file(folder.resolve("long.css"), "a{color:red}".repeat(500));
    file(Files.createDirectory(folder.resolve("sub")).resolve("index.html"), "<p>index");
    Files.createDirectory(folder.resolve("empty"));
    file(folder.resolve(".hidden"), "secret");
    file(temp.resolve("secret.txt"), "secret");
    Files.createSymbolicLink(folder.resolve("out.txt"), temp.resolve("secret.txt"));
    Files.createSymbolicLink(folder.resolve("up"), temp);
    Files.createSymbolicLink(folder.resolve("in.txt"), folder.resolve("hello.txt"));
    server = kind.start(Config.defaults().with("httpServer.publicFolder", folder));
    client = connect();
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
  }

  private WebSocketClient connect() {
    return kind.raw(server);
  }

  private static void file(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setLastModifiedTime(file, FileTime.from(THEN));
  }

  private static String request(String method, String path, String... headers) {
    return method
        + " "
        + path
        + " HTTP/1.1\r\nHost: x\r\n"
        + (headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n")
        + "\r\n";
  }

  private Answer ask(String method, String path, String... headers) throws IOException {
    client.text(request(method, path, headers));
    return answer(method.equals("HEAD"));
  }

  private Answer get(String path, String... headers) throws IOException {
    return ask("GET", path, headers);
  }

  private Answer answer(boolean bare) throws IOException {
    String head = client.head();
    var answer = new Answer(Integer.parseInt(head.substring(9, 12)), head, new byte[0]);
    String length = answer.header("content-length");
    return bare || length == null
        ? answer
        : new Answer(answer.status, head, client.in.readNBytes(Integer.parseInt(length)));
  }

  private static String gunzip(byte... bytes) throws IOException {
    try (var in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void a_response_names_the_type_of_the_file_and_how_long_it_is_fresh() throws IOException {
    Answer answer = get("/public/hello.txt");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.text()).isEqualTo("Hello, Wörld!");
    assertThat(answer.header("content-type")).isEqualTo("text/plain; charset=utf-8");
    assertThat(answer.header("cache-control")).isEqualTo("max-age=60, must-revalidate");
    assertThat(answer.header("expires")).endsWith(" GMT");
    assertThat(answer.header("last-modified")).isEqualTo("Sun, 10 Nov 2013 12:00:00 GMT");
    assertThat(answer.header("etag")).matches("\"[0-9a-f]+-e\"");
    assertThat(answer.header("vary")).isEqualTo("accept-encoding");
    assertThat(answer.header("x-content-type-options")).isEqualTo("nosniff");
  }

  @ParameterizedTest
  @CsvSource({
    "/public/a%20b.txt, blank",
    "/public/hello%2etxt, 'Hello, Wörld!'",
    "/public/hello.txt?v=1&x=../.., 'Hello, Wörld!'",
    "/public/in.txt, 'Hello, Wörld!'",
    "/public/sub, <p>index",
    "/public/sub/, <p>index",
    "/public/sub/index.html, <p>index"
  })
  void each_of_these_paths_names_a_file(String path, String text) throws IOException {
    assertThat(get(path).text()).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/public/none.txt",
        "/public/empty",
        "/public/empty/",
        "/public/hello.txt/",
        "/public/hello.txt/x",
        "/public/../secret.txt",
        "/public/../www/hello.txt",
        "/public/sub/../hello.txt",
        "/public/./hello.txt",
        "/public//hello.txt",
        "/public/%2e%2e/secret.txt",
        "/public/%2E%2E%2Fsecret.txt",
        "/public/..%2fsecret.txt",
        "/public/sub%2f..%2f..%2fsecret.txt",
        "/public/..%5csecret.txt",
        "/public/..\\secret.txt",
        "/public/sub%5cindex.html",
        "/public/%252e%252e/secret.txt",
        "/public/%c0%ae%c0%ae/secret.txt",
        "/public/..%c0%afsecret.txt",
        "/public/\u00e9",
        "/public/hello.txt%00",
        "/public/hello.txt%00.png",
        "/public/%00",
        "/public/hello.txt.",
        "/public/hello.txt%20",
        "/public/sub./index.html",
        "/public/.../secret.txt",
        "/public/.hidden",
        "/public/%2ehidden",
        "/public//etc/passwd",
        "/public/%2fetc/passwd",
        "/public/%2fetc%2fpasswd",
        "/public/C:/hello.txt",
        "/public/hello.txt::$DATA",
        "/public/out.txt",
        "/public/up/secret.txt",
        "/public/up/www/../secret.txt",
        "/public/up",
        "/public/%",
        "/public/%2",
        "/public/%zz",
        "/public/hello%",
        "/public/hello.txt%0d%0aX-Evil:%201",
        "/public/~/hello.txt"
      })
  void a_path_that_names_no_file_inside_the_folder_is_not_found(String path) throws IOException {
    Answer answer = get(path);
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.text()).isEqualTo(SORRY);
    assertThat(answer.header("content-type")).isEqualTo("text/html; charset=utf-8");
    assertThat(answer.header("x-evil")).isNull();
    assertThat(get("/public/hello.txt").status()).isEqualTo(200);
  }

  @Test
  void a_name_that_is_too_long_is_not_found() throws IOException {
    assertThat(get("/public/" + "x".repeat(5000)).status()).isEqualTo(404);
    assertThat(get("/public/" + "x/".repeat(2500)).status()).isEqualTo(404);
  }

  @Test
  void a_built_in_file_is_served_if_the_folder_has_none_of_its_name() throws IOException {
    Answer page = get("/public/");
    assertThat(page.text()).contains("<title>Earshot</title>");
    assertThat(page.header("content-security-policy")).contains("default-src 'none'");
    assertThat(get("/public").text()).isEqualTo(page.text());
    assertThat(get("/public/page.js").header("content-type"))
        .isEqualTo("text/javascript; charset=utf-8");
    Answer known =
        get("/public/page.css", "If-None-Match: " + get("/public/page.css").header("etag"));
    assertThat(known.status()).isEqualTo(304);
    file(temp.resolve("www/index.html"), "mine");
    assertThat(get("/public/").text()).isEqualTo("mine");
    assertThat(get("/publicity").text()).doesNotContain(SORRY);
  }

  @Test
  void head_is_get_without_the_body() throws IOException {
    Answer head = ask("HEAD", "/public/hello.txt");
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("content-length")).isEqualTo("14");
    assertThat(ask("HEAD", "/public/none").header("content-length"))
        .isEqualTo(String.valueOf(SORRY.length()));
    assertThat(get("/public/hello.txt").text()).startsWith("Hello");
  }

  @Test
  void other_methods_are_refused() throws IOException {
    Answer refused = ask("DELETE", "/public/hello.txt");
    assertThat(refused.status()).isEqualTo(405);
    assertThat(refused.header("allow")).isEqualTo("GET, HEAD");
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

  @Test
  void answers_come_in_the_order_of_the_requests() throws IOException {
    client.text(
        request("GET", "/public/hello.txt")
            + request("GET", "/public/page.css")
            + request("HEAD", "/public/hello.txt")
            + request("GET", "/public/none")
            + request("GET", "/public/a%20b.txt"));
    assertThat(answer(false).text()).startsWith("Hello");
    assertThat(answer(false).header("content-type")).startsWith("text/css");
    assertThat(answer(true).header("content-length")).isEqualTo("14");
    assertThat(answer(false).text()).isEqualTo(SORRY);
    assertThat(answer(false).text()).isEqualTo("blank");
  }

  @Test
  void a_connection_that_is_not_kept_ends_after_the_file() throws IOException {
    assertThat(get("/public/hello.txt", "Connection: close").text()).startsWith("Hello");
    assertThat(client.read()).isNegative();
  }

  @Test
  void a_file_of_128_MB_is_sent_whole_in_pieces() throws IOException {
    long size = 128L << 20;
    try (var file = new RandomAccessFile(temp.resolve("www/large.bin").toFile(), "rw")) {
      file.setLength(size);
      file.seek(size - 1);
      file.write(7);
    }
    Answer part = get("/public/large.bin", "Range: bytes=134217724-");
    assertThat(part.body()).containsExactly(0, 0, 0, 7);
    client.text(request("GET", "/public/large.bin"));
    String head = client.head();
    assertThat(head.toLowerCase(Locale.ROOT)).contains("content-length: " + size);
    assertThat(head).contains("application/octet-stream");
    client.in.skipNBytes(size - 1);
    assertThat(client.read()).isEqualTo(7);
    assertThat(get("/public/hello.txt").status()).isEqualTo(200);
  }

  @Test
  void a_client_that_leaves_in_the_middle_of_a_file_leaves_nothing_open() throws IOException {
    try (var file = new RandomAccessFile(temp.resolve("www/large.bin").toFile(), "rw")) {
      file.setLength(1 << 26);
    }
    for (int i = 0; i < 20; i++) {
      WebSocketClient impatient = connect();
      impatient.text(request("GET", "/public/large.bin"));
      var _ = impatient.head();
      impatient.reset();
    }
    Await.until("the file is closed", () -> !isOpen("large.bin"));
  }

  private static boolean isOpen(String name) {
    Path descriptors = Path.of("/proc/self/fd");
    if (!Files.isDirectory(descriptors)) {
      return false; // only Linux tells
    }
    try (var open = Files.newDirectoryStream(descriptors)) {
      for (Path descriptor : open) {
        if (Files.isSymbolicLink(descriptor) && Files.readSymbolicLink(descriptor).endsWith(name)) {
          return true;
        }
      }
      return false;
    } catch (IOException e) {
      return true; // one was closed meanwhile; look again
    }
  }

  @Test
  void a_client_that_stops_reading_is_disconnected() throws IOException {
    server.close();
    server =
        kind.start(
            Config.defaults()
                .with("httpServer.publicFolder", temp.resolve("www"))
                .with("httpServer.requestTimeout", "1s"));
    try (var file = new RandomAccessFile(temp.resolve("www/large.bin").toFile(), "rw")) {
      file.setLength(1 << 26);
    }
    try (WebSocketClient still = connect()) {
      still.text(request("GET", "/public/large.bin"));
      var _ = still.head();
      Await.until("the file is open", () -> isOpen("large.bin"));
      Await.until("the file is closed", () -> !isOpen("large.bin"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "www/hello.txt"})
  void a_server_does_not_start_if_the_folder_is_missing(String folder) {
    Config config = Config.defaults().with("httpServer.publicFolder", temp.resolve(folder));
    assertThatThrownBy(() -> EarshotServer.start(config))
        .isInstanceOf(IOException.class)
        .hasMessage("httpServer.publicFolder: there is no folder " + temp.resolve(folder));
  }
}
