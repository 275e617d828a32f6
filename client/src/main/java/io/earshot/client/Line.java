package io.earshot.client;

import java.net.URI;
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
    return switch (String.valueOf(uri.getScheme())) {
      case "ws", "wss", "http", "https" -> WebSocketLine.open(uri, ear);
      case "tcp", "tcps" -> TcpLine.open(uri, ear);
      default ->
          throw new IllegalArgumentException(
              "an address is ws://HOST:PORT, wss://, tcp:// or tcps://, not " + uri);
    };
  }
}
