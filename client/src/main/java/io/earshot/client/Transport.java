package io.earshot.client;

import java.net.ConnectException;
import java.net.UnknownHostException;
import java.net.http.WebSocketHandshakeException;

/** One connection of the network: it carries texts both ways, and ends once. Thread-safe. */
interface Transport {

  /** Takes what comes out of a transport. Called by one thread at a time. */
  interface Receiver {

    /** The server has sent a text. */
    void received(String text);

    /**
     * The transport has ended. Called once, after the last text.
     *
     * @param code the close code of a WebSocket; 0 if there is none
     */
    void ended(int code, String reason);
  }

  /** Queues a text, and returns at once. */
  void send(String text);

  /** Ends the transport once the queued texts are sent. Returns at once. */
  void close();

  /** Ends the transport at once, without sending what is queued. */
  void abort();

  /** Why a transport could not be opened. Some exceptions of the JDK have no message. */
  static String reason(Throwable failure) {
    Throwable cause = Futures.cause(failure);
    String message = cause.getMessage();
    if (cause instanceof WebSocketHandshakeException refused) {
      return "the server answered the WebSocket handshake with status "
          + refused.getResponse().statusCode();
    }
    if (cause instanceof UnknownHostException) {
      return "unknown host: " + message;
    }
    if (message != null) {
      return message;
    }
    return cause instanceof ConnectException
        ? "nothing listens on this port, or the host is unknown"
        : cause.toString();
  }
}
