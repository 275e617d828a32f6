package io.earshot.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedReader;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Starts a server, sends it typical requests for a moment, and stops. The launcher runs this to
 * record the classes that a server loads, in a cache that makes later starts faster ({@code
 * -XX:AOTCacheOutput}).
 */
final class Training {
  private static final Pattern PORTS =
      Pattern.compile("nc localhost (\\d+) .* ws://localhost:(\\d+)/");

  /** How many messages each client sends: enough for the JVM to record which code is hot. */
  private static final int ROUNDS = 200;

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private Training() {}

  /** Ends the process: with status 0, or with 1 if a request fails or everything takes a minute. */
  public static void main(String[] args) {
    Thread.ofPlatform().daemon().start(Training::exitAfterPatience);
    try {
      train();
    } catch (IOException e) {
      e.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
    System.exit(0);
  }

  private static void exitAfterPatience() {
    try {
      Thread.sleep(PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(1);
  }

  private static void train() throws IOException {
    var pipe = new PipedReader(8192);
    var out = new PrintWriter(new PipedWriter(pipe), true);
    var err = new PrintWriter(System.err, true, ISO_8859_1);
    var settings =
        Map.of(
            "EARSHOT_TCPSERVER_BINDIP", "127.0.0.1",
            "EARSHOT_TCPSERVER_PORT", "0",
            "EARSHOT_HTTPSERVER_BINDIP", "127.0.0.1",
            "EARSHOT_HTTPSERVER_PORT", "0");
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> Runtime.getRuntime().halt(Math.max(1, EarshotCommand.run(settings, out, err))));
    var banner = new BufferedReader(pipe);
    var said = new StringBuilder();
    while (said.indexOf("Ctrl-C") < 0) {
      said.append(banner.readLine()).append(' ');
    }
    Matcher ports = PORTS.matcher(said);
    if (!ports.find()) {
      throw new IOException("no ports in: " + said);
    }
    int tcp = Integer.parseInt(ports.group(1));
    int http = Integer.parseInt(ports.group(2));
    try (var ada = new Client(tcp);
        var bob = new Client(http)) {
      lines(ada);
      frames(bob);
      for (int i = 0; i < ROUNDS; i++) {
        ada.send("say hello " + i + "\r\n");
        bob.await("hello " + i + "\"");
        bob.send(frame("{\"event\":\"say\",\"message\":\"hi " + i + "\"}"));
        ada.await("hi " + i + "\"");
      }
      get(http, "/");
      get(http, "/status");
      get(http, "/chat/?method=say&message=hello");
      ada.send("quit\r\n");
      ada.await("Bye!");
    }
  }

  private static void lines(Client ada) throws IOException {
    ada.await("welcome");
    for (String line :
        new String[] {
          "detailsView",
          "paramAdd key=value",
          "paramsView",
          "roomView",
          "roomChange another",
          "roomChange defaultRoom",
          "listenToRoom other",
          "silenceRoom other",
          "randomNumber",
          "{\"event\":\"say\",\"message\":{\"a\":[1,true,null]}}",
        }) {
      ada.send(line + "\r\n");
      ada.await("\"context\":\"response\"");
    }
  }

  private static void frames(Client bob) throws IOException {
    bob.send(
        String.join(
            "\r\n",
            "GET / HTTP/1.1",
            "Host: localhost",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            "\r\n"));
    bob.await("welcome");
    bob.send(frame("{\"event\":\"detailsView\"}"));
    bob.await("\"context\":\"response\"");
    bob.send(frame("{\"event\":\"action\",\"params\":{\"action\":\"status\"}}"));
    bob.await("\"context\":\"response\"");
  }

  private static void get(int port, String path) throws IOException {
    try (var browser = new Client(port)) {
      browser.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n");
      browser.await("200 OK");
    }
  }

  /** A short text frame, masked with zeros, which leave its bytes as they are. */
  private static String frame(String text) {
    return "\u0081" + (char) (0x80 | text.length()) + "\0\0\0\0" + text;
  }

  /**
   * A client that sends and receives each byte as one character.
   *
   * <p>Owned by the thread that trains.
   */
  private static final class Client implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final StringBuilder received = new StringBuilder();
    private final byte[] read = new byte[8192];

    Client(int port) throws IOException {
      socket = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(10_000);
      in = socket.getInputStream();
      out = socket.getOutputStream();
    }

    void send(String text) throws IOException {
      out.write(text.getBytes(ISO_8859_1));
    }

    /** Waits for this text, and discards everything up to it. */
    void await(String part) throws IOException {
      int at = received.indexOf(part);
      while (at < 0) {
        int count = in.read(read);
        if (count < 0) {
          throw new EOFException("the connection was closed before: " + part);
        }
        received.append(new String(read, 0, count, ISO_8859_1));
        at = received.indexOf(part);
      }
      received.delete(0, at + part.length());
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
