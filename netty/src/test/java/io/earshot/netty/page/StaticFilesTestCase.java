package io.earshot.netty.page;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.WebSocketClient;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;

/** A server with files under {@code /public/}, and a client of it. */
abstract class StaticFilesTestCase {
  /** When the files were changed. */
  static final Instant THEN = Instant.parse("2013-11-10T12:00:00Z");

  @TempDir Path temp;

  @SuppressWarnings("NullAway.Init")
  @Parameter
  Kind kind;

  @SuppressWarnings("NullAway.Init")
  EarshotServer server;

  @SuppressWarnings("NullAway.Init")
  WebSocketClient client;

  /** An answer; its header names are small. */
  @SuppressWarnings("ArrayRecordComponent")
  record Answer(int status, String head, byte[] body) {
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

  WebSocketClient connect() {
    return kind.raw(server);
  }

  static void file(Path file, String text) throws IOException {
    Files.writeString(file, text);
    Files.setLastModifiedTime(file, FileTime.from(THEN));
  }

  static String request(String method, String path, String... headers) {
    return method
        + " "
        + path
        + " HTTP/1.1\r\nHost: x\r\n"
        + (headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n")
        + "\r\n";
  }

  Answer ask(String method, String path, String... headers) throws IOException {
    client.text(request(method, path, headers));
    return answer(method.equals("HEAD"));
  }

  Answer get(String path, String... headers) throws IOException {
    return ask("GET", path, headers);
  }

  Answer answer(boolean bare) throws IOException {
    String head = client.head();
    var answer = new Answer(Integer.parseInt(head.substring(9, 12)), head, new byte[0]);
    String length = answer.header("content-length");
    return bare || length == null
        ? answer
        : new Answer(answer.status, head, client.in.readNBytes(Integer.parseInt(length)));
  }
}
