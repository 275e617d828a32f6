package io.earshot.client;

import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.WebSocketHandshakeException;
import java.util.concurrent.CompletionStage;

/** One connection of the network: it carries texts both ways, and ends once. Thread-safe. */
interface Transport {

  /** Takes what comes out of a transport. Called by one thread at a time. */
  interface Receiver {

    /** The server has sent a text. */
    void received(String text);

    /** The transport has ended. Called once, after the last text. */
    void ended(String reason);
  }

  /** Queues a text, and returns at once. */
  void send(String text);

  /** Ends the transport once the queued texts are sent. Returns at once. */
  void close();

  /** Checks that the server is alive, if the operating system does not. */
  void ping();

  /**
   * Opens the transport that the URI's scheme names.
   *
   * @throws IllegalArgumentException if the URI is not the address of a server
   */
  static CompletionStage<? extends Transport> open(URI uri, Receiver receiver) {
    boolean isComplete = uri.getHost() != null && uri.getPort() <= 65_535;
    return switch (isComplete ? String.valueOf(uri.getScheme()) : "") {
      case "ws", "wss", "http", "https" -> WebSocketTransport.open(uri, receiver);
      case "tcp", "tcps" -> TcpTransport.open(uri, receiver);
      default ->
          throw new IllegalArgumentException(
              "an address is ws://HOST:PORT, wss://, tcp:// or tcps://, and a host name has no"
                  + " underscore; this is not one: "
                  + uri);
    };
  }

  /** Why a transport could not be opened. Some exceptions of the JDK have no message. */
  static String reason(Throwable failure) {
    Throwable cause = Futures.cause(failure);
    return switch (cause) {
      case WebSocketHandshakeException e ->
          "the server answered the WebSocket handshake with status " + e.getResponse().statusCode();
      case UnknownHostException e -> "unknown host: " + e.getMessage();
      case ConnectException e when e.getMessage() == null ->
          "nothing listens on this port, or the host is unknown";
      default -> cause.getMessage() == null ? cause.toString() : cause.getMessage();
    };
  }
}
