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
 * A server that talks to itself for a moment, and stops. The build runs it so that the JVM can note
 * what a server loads and links, and starts sooner with that ({@code -XX:AOTCacheOutput}).
 */
final class Training {
  private static final Pattern PORTS =
      Pattern.compile("nc localhost (\\d+) .* ws://localhost:(\\d+)/");

  /** So often each thing is said: enough for the JVM to see what is hot. */
  private static final int ROUNDS = 200;

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private Training() {}

  /**
   * Ends the process: with status 0, or with 1 if the conversation went wrong or takes a minute.
   */
  public static void main(String[] args) {
    Thread.ofPlatform().daemon().start(Training::giveUpInTime);
    try {
      talk();
    } catch (IOException e) {
      e.printStackTrace();
      Runtime.getRuntime().halt(1);
    }
    System.exit(0);
  }

  private static void giveUpInTime() {
    try {
      Thread.sleep(PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(1);
  }

  private static void talk() throws IOException {
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
    try (var ada = new Peer(tcp);
        var bob = new Peer(http)) {
      lines(ada);
      frames(bob);
      for (int i = 0; i < ROUNDS; i++) {
        ada.send("say hello " + i + "\r\n");
        bob.hear("hello " + i + "\"");
        bob.send(frame("{\"event\":\"say\",\"message\":\"hi " + i + "\"}"));
        ada.hear("hi " + i + "\"");
      }
      get(http, "/");
      get(http, "/status");
      get(http, "/chat/?method=say&message=hello");
      ada.send("quit\r\n");
      ada.hear("Bye!");
    }
  }

  private static void lines(Peer ada) throws IOException {
    ada.hear("welcome");
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
      ada.hear("\"context\":\"response\"");
    }
  }

  private static void frames(Peer bob) throws IOException {
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
    bob.hear("welcome");
    bob.send(frame("{\"event\":\"detailsView\"}"));
    bob.hear("\"context\":\"response\"");
    bob.send(frame("{\"event\":\"action\",\"params\":{\"action\":\"status\"}}"));
    bob.hear("\"context\":\"response\"");
  }

  private static void get(int port, String path) throws IOException {
    try (var browser = new Peer(port)) {
      browser.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n");
      browser.hear("200 OK");
    }
  }

  /** A short text frame, masked with zeros, which leave its bytes as they are. */
  private static String frame(String text) {
    return "\u0081" + (char) (0x80 | text.length()) + "\0\0\0\0" + text;
  }

  /**
   * Somebody at the other end, who sends and hears characters for bytes.
   *
   * <p>Owned by the thread that trains.
   */
  private static final class Peer implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final StringBuilder heard = new StringBuilder();
    private final byte[] read = new byte[8192];

    Peer(int port) throws IOException {
      socket = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(10_000);
      in = socket.getInputStream();
      out = socket.getOutputStream();
    }

    void send(String text) throws IOException {
      out.write(text.getBytes(ISO_8859_1));
    }

    /** Waits for this, and forgets what came up to it. */
    void hear(String part) throws IOException {
      int at = heard.indexOf(part);
      while (at < 0) {
        int count = in.read(read);
        if (count < 0) {
          throw new EOFException("closed before: " + part);
        }
        heard.append(new String(read, 0, count, ISO_8859_1));
        at = heard.indexOf(part);
      }
      heard.delete(0, at + part.length());
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }
}
