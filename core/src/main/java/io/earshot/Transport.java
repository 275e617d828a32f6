package io.earshot;

/** How a connection reached the server. */
public enum Transport {
  /** Lines over TCP. */
  TCP,
  /** WebSocket frames. */
  WEBSOCKET,
  /** Requests over HTTP. */
  WEB,
  /** An answer over HTTP that does not end: server-sent events, or lines of JSON. */
  STREAM
}
