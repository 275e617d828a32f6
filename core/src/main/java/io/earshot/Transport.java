package io.earshot;

/** The transport by which a client came. */
public enum Transport {
  /** Lines over TCP. */
  TCP,
  /** WebSocket frames. */
  WEBSOCKET,
  /** Requests over HTTP. */
  WEB,
  /** An HTTP answer without end: server-sent events, or lines of JSON. */
  STREAM
}
