package io.earshot;

/** How a connection reached the server. */
public enum Transport {
  /** Lines over TCP. */
  TCP,
  /** WebSocket frames. */
  WEBSOCKET,
  /** Requests over HTTP. */
  WEB
}
