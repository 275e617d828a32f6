package io.earshot.client;

import io.earshot.protocol.Cursor;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * The address of a client's server, and how to connect there.
 *
 * <p>Immutable.
 */
final class Endpoint {

  /** Shared by all clients: its one selector thread serves any number of connections. */
  private static final HttpClient SHARED = WebSocketTransport.http(null);

  private final URI uri;
  private final Map<String, String> headers;
  private final @Nullable SSLContext tls;

  /** For WebSockets. A client with certificates of its own has one, and so a selector thread. */
  private final HttpClient http;

  Endpoint(Settings settings) {
    uri = settings.uri();
    headers = settings.headers();
    tls = settings.tls();
    http = tls == null || !isWebSocket() ? SHARED : WebSocketTransport.http(tls);
  }

  private String scheme() {
    boolean isComplete = uri.getHost() != null && uri.getPort() <= 65_535;
    return isComplete ? String.valueOf(uri.getScheme()) : "";
  }

  private boolean isWebSocket() {
    return switch (scheme()) {
      case "ws", "wss", "http", "https" -> true;
      default -> false;
    };
  }

  /** Whether {@link #open} shows the token of the login. */
  boolean showsLogin() {
    return isWebSocket();
  }

  /**
   * Opens a transport.
   *
   * @param token the token of the login, or null
   * @param inbox the last position of the inbox that the client knows, or null
   * @throws IllegalArgumentException if the URI is not the address of a server
   */
  CompletionStage<? extends Transport> open(
      @Nullable String token, @Nullable Cursor inbox, Transport.Receiver receiver) {
    if (isWebSocket()) {
      var all = new LinkedHashMap<>(headers);
      if (token != null) {
        all.put("Authorization", "Bearer " + token);
      }
      return WebSocketTransport.open(http, webSocketUri(token, inbox), all, receiver);
    }
    if (!scheme().equals("tcp") && !scheme().equals("tcps")) {
      throw new IllegalArgumentException(
          "an address is ws://HOST:PORT, wss://, tcp:// or tcps://, and a host name has no"
              + " underscore; this is not one: "
              + uri);
    }
    if (!headers.isEmpty()) {
      throw new IllegalArgumentException("headers go with a WebSocket, not with " + uri);
    }
    var sockets =
        tls == null ? (SSLSocketFactory) SSLSocketFactory.getDefault() : tls.getSocketFactory();
    return TcpTransport.open(uri, sockets, receiver);
  }

  private URI webSocketUri(@Nullable String token, @Nullable Cursor inbox) {
    String text = uri.toString();
    URI address = text.startsWith("http") ? URI.create("ws" + text.substring(4)) : uri;
    if (address.getPath().isEmpty()) {
      address = address.resolve("/");
    }
    return token == null || inbox == null
        ? address
        : URI.create(address + (address.getQuery() == null ? "?" : "&") + "inbox=" + inbox);
  }

  /**
   * Ends the threads of this client, once its transports have ended. Before Java 21, they end when
   * the garbage collector finds that nothing uses the client.
   */
  void close() {
    if (http == SHARED) {
      return;
    }
    try {
      HttpClient.class.getMethod("shutdown").invoke(http);
    } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException e) {
      // Before Java 21 there is no such method.
    }
  }
}
