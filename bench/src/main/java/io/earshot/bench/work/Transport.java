package io.earshot.bench.work;

/** The transport between clients and a server. */
public enum Transport {
  WEBSOCKET,
  TCP,
  /** WebSocket over TLS. */
  WSS,
  /** WebSocket with permessage-deflate. */
  DEFLATE,
  /** TLS alone, for handshakes. */
  TLS;

  public boolean isEncrypted() {
    return this == WSS || this == TLS;
  }
}
