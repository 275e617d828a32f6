package io.earshot.bench.load;

/** The framing of texts between a client and a server. */
public enum Wire {
  /** A text is a frame. */
  WEBSOCKET,
  /** A text is a line. */
  LINES,
  /** Socket.IO 4 over WebSocket: a text is a packet, such as 42["say","hi"]. */
  SOCKET_IO,
  /** The protocol of NATS: a room is a subject, and a text is a payload. */
  NATS;

  Client client(Script script, Client.Endpoint endpoint, DeliveryCounter deliveries) {
    return switch (this) {
      case WEBSOCKET -> new WebSocketClient(script, endpoint, deliveries);
      case SOCKET_IO -> new SocketIoClient(script, endpoint, deliveries);
      case LINES -> new LineClient(script, endpoint, deliveries);
      case NATS -> new NatsClient(script, endpoint, deliveries);
    };
  }
}
