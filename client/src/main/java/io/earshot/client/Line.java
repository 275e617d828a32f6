package io.earshot.client;

import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.WebSocketHandshakeException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** One connection to a server: texts out, texts in. It ends once. */
interface Line {

  /** What comes out of a line. Called by one thread at a time. */
  interface Ear {
    /** A text came. */
    void heard(String text);

    /** It is over; called once, and nothing is heard afterwards. */
    void ended(String why);
  }

  /** Sends a text after those before it. Returns at once. */
  void send(String text);

  /** Ends it. What was sent before still goes out, if it can. */
  void close();

  /** Asks for a sign of life, where the other side does not do so by itself. */
  void ping();

  /** Opens a line of the kind that the URI asks for. */
  static CompletionStage<? extends Line> open(URI uri, Ear ear) {
    boolean isWhole = uri.getHost() != null && uri.getPort() <= 65_535;
    return switch (isWhole ? String.valueOf(uri.getScheme()) : "") {
      case "ws", "wss", "http", "https" -> WebSocketLine.open(uri, ear);
      case "tcp", "tcps" -> TcpLine.open(uri, ear);
      default ->
          throw new IllegalArgumentException(
              "an address is ws://HOST:PORT, wss://, tcp:// or tcps://, and hosts have no _ in"
                  + " their names; not "
                  + uri);
    };
  }

  /** Why one could not be opened, in words, where the JDK has none. */
  static String why(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return switch (cause) {
      case WebSocketHandshakeException e ->
          "it answers " + e.getResponse().statusCode() + " to a WebSocket";
      case UnknownHostException e -> "there is no such host: " + e.getMessage();
      case ConnectException e when e.getMessage() == null ->
          "nobody listens there, or there is no such host";
      default -> cause.getMessage() == null ? cause.toString() : cause.getMessage();
    };
  }
}
