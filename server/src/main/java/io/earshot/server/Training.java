package io.earshot.server;

import java.io.BufferedReader;
import java.io.IOException;
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

  /**
   * How long each part of the load goes on. Longer ones make the JVM compile more in the first
   * seconds after a start, which takes that time from the clients; see docs/jvm.md.
   */
  private static final Duration PART = Duration.ofMillis(100);

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
    PrintWriter err = Main.writer(System.err, "stderr.encoding"); // the class Main is recorded, too
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
    try (var ada = connect(tcp);
        var bob = connect(http)) {
      lines(ada);
      frames(bob);
      for (int i = 0; i < ROUNDS; i++) {
        ada.send("say hello " + i + "\r\n");
        bob.await("hello " + i + "\"");
        bob.sendFrame("{\"event\":\"say\",\"message\":\"hi " + i + "\"}");
        ada.await("hi " + i + "\"");
      }
      get(http, "/");
      get(http, "/status");
      get(http, "/chat/?method=say&message=hello");
      var load = new TrainingLoad(() -> connect(http));
      load.connects(PART);
      load.rooms(PART);
      load.http(PART);
      ada.send("quit\r\n");
      ada.await("Bye!");
    }
  }

  private static TrainingClient connect(int port) throws IOException {
    return new TrainingClient(
        new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port));
  }

  private static void lines(TrainingClient ada) throws IOException {
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

  private static void frames(TrainingClient bob) throws IOException {
    bob.upgrade();
    bob.await("welcome");
    bob.sendFrame("{\"event\":\"detailsView\"}");
    bob.await("\"context\":\"response\"");
    bob.sendFrame("{\"event\":\"action\",\"params\":{\"action\":\"status\"}}");
    bob.await("\"context\":\"response\"");
  }

  private static void get(int port, String path) throws IOException {
    try (var browser = connect(port)) {
      browser.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n");
      browser.await("200 OK");
    }
  }
}
