import io.earshot.Action;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * A program that embeds the server, in Java 21: messages by TCP and WebSocket, an action that
 * blocks, metrics, and a history that a restart keeps. JavaLevelTest compiles and runs it.
 */
final class Embedded {
  private Embedded() {}

  public static void main(String[] args) throws Exception {
    System.out.println("java " + Runtime.version().feature());
    Config config =
        Config.defaults()
            .with("tcpServer.port", 0)
            .with("httpServer.port", 0)
            .with("rooms.historyFolder", args[0]);
    try {
      String first = run(config);
      String second = run(config);
      check("a history that a restart keeps", second.contains(first));
      System.out.println("done");
    } catch (Exception | Error e) {
      e.printStackTrace();
      System.exit(1); // a server that could not start may have threads that go on
    }
  }

  private static String run(Config config) throws Exception {
    try (EarshotServer server = EarshotServer.start(config);
        var ada = new Client(server.tcpPort())) {
      check("a welcome", ada.next("\"welcome\"").contains("Hello"));
      server.api().actions().add(
          Action.of(
              "nap",
              call -> {
                Thread.sleep(10);
                call.put("thread", Thread.currentThread().isVirtual());
              }));
      ada.send("nap");
      check("an action on a virtual thread", ada.next("\"thread\"").contains("true"));

      var heard = new CompletableFuture<String>();
      HttpClient http = HttpClient.newHttpClient();
      http.newWebSocketBuilder()
          .buildAsync(URI.create("ws://localhost:" + server.httpPort()), listener(heard))
          .get(20, TimeUnit.SECONDS);
      ada.next("\"join\"");
      ada.send("say hello from a line");
      check("a WebSocket", heard.get(20, TimeUnit.SECONDS).contains("hello from a line"));

      HttpRequest asked =
          HttpRequest.newBuilder(
                  URI.create("http://localhost:" + server.httpPort() + "/metrics"))
              .build();
      String metrics = http.send(asked, HttpResponse.BodyHandlers.ofString()).body();
      check("metrics", metrics.contains("earshot_"));

      asked =
          HttpRequest.newBuilder(
                  URI.create(
                      "http://localhost:" + server.httpPort() + "/rooms/defaultRoom/messages"))
              .build();
      return http.send(asked, HttpResponse.BodyHandlers.ofString())
          .body()
          .replaceAll("(?s).*?(\\{\"message\":\"hello from a line\"[^}]*}).*", "$1");
    }
  }

  private static WebSocket.Listener listener(CompletableFuture<String> heard) {
    return new WebSocket.Listener() {
      private final StringBuilder text = new StringBuilder();

      @Override
      public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        text.append(data);
        if (last) {
          if (text.indexOf("hello from a line") >= 0) {
            heard.complete(text.toString());
          }
          text.setLength(0);
        }
        socket.request(1);
        return null;
      }
    };
  }

  private static void check(String what, boolean holds) {
    System.out.println((holds ? "passed: " : "FAILED: ") + what);
  }

  /** A client of lines. */
  private static final class Client implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader lines;

    private Client(int port) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(20_000);
      lines =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
    }

    private void send(String line) throws IOException {
      socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** The next line with this text; skips others. */
    private String next(String part) throws IOException {
      String line = lines.readLine();
      while (line != null && !line.contains(part)) {
        line = lines.readLine();
      }
      if (line == null) {
        throw new IOException("the server has closed the connection");
      }
      return line;
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
