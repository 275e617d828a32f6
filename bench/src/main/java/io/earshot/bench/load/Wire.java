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

  Client client(Script script, Client.Endpoint place, DeliveryCounter deliveries) {
    return switch (this) {
      case WEBSOCKET -> new WebSocketClient(script, place, deliveries);
      case SOCKET_IO -> new SocketIoClient(script, place, deliveries);
      case LINES -> new LineClient(script, place, deliveries);
      case NATS -> new NatsClient(script, place, deliveries);
    };
  }
}
