package io.earshot.bench;

/** How texts travel between a client and a server. */
enum Wire {
  /** One text to a frame. */
  WEBSOCKET,
  /** One text to a line. */
  LINES,
  /** Socket.IO 4 over its WebSocket transport; a text is a whole packet, such as 42["say","hi"]. */
  SOCKET_IO,
  /** A room is a subject; a text is a payload. */
  NATS;

  Client client(Script script, Client.Place place, Audience audience) {
    return switch (this) {
      case WEBSOCKET -> new WebSocketClient(script, place, audience);
      case SOCKET_IO -> new SocketIoClient(script, place, audience);
      case LINES -> new LineClient(script, place, audience);
      case NATS -> new NatsClient(script, place, audience);
    };
  }
}
