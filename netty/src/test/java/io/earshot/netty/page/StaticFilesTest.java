package io.earshot.netty.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.testing.Await;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files under {@code /public/}, asked for on real sockets. */
@ParameterizedClass
@EnumSource(
    value = Kind.class,
    names = {"EPOLL_FRAMES", "NIO_FRAMES", "EPOLL_TLS_FRAMES"})
final class StaticFilesTest extends StaticFilesTestCase {
  private static final String SORRY = "Sorry, that file is not found :(";

  private static final List<String> NO_FILES =
      List.of(
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
          "/public/~/hello.txt");

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

  @Test
  void each_of_these_paths_names_a_file() throws IOException {
    Map<String, String> texts =
        Map.of(
            "/public/a%20b.txt",
            "blank",
            "/public/hello%2etxt",
            "Hello, Wörld!",
            "/public/hello.txt?v=1&x=../..",
            "Hello, Wörld!",
            "/public/in.txt",
            "Hello, Wörld!",
            "/public/sub",
            "<p>index",
            "/public/sub/",
            "<p>index",
            "/public/sub/index.html",
            "<p>index");
    for (var each : texts.entrySet()) {
      assertThat(get(each.getKey()).text()).as(each.getKey()).isEqualTo(each.getValue());
    }
  }

  @Test
  void a_path_that_names_no_file_inside_the_folder_is_not_found() throws IOException {
    for (String path : NO_FILES) {
      Answer answer = get(path);
      assertThat(answer.status()).as(path).isEqualTo(404);
      assertThat(answer.text()).as(path).isEqualTo(SORRY);
      assertThat(answer.header("content-type")).as(path).isEqualTo("text/html; charset=utf-8");
      assertThat(answer.header("x-evil")).as(path).isNull();
      assertThat(get("/public/hello.txt").status()).as(path).isEqualTo(200);
    }
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
