package io.earshot.bench.load;

/** The transport between clients and a server. */
public enum Transport {
  WEBSOCKET,
  TCP
}
