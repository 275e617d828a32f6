package io.earshot.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * A Socket.IO 4 client over WebSocket: it connects to the main namespace and answers pings.
 *
 * <p>Owned by the generator's thread.
 */
final class SocketIoClient extends WebSocketClient {
  private boolean isConnecting;
  private boolean connected;

  SocketIoClient(Script script, Endpoint endpoint, DeliveryCounter deliveries) {
    super(script, endpoint, deliveries);
  }

  @Override
  void upgraded() {}

  @Override
  void readText(StringBuilder text) {
    if (connected) {
      super.readText(text);
    } else if (isConnecting && text.indexOf("40") >= 0) {
      connected = true;
      sendJoin();
    } else if (!isConnecting && text.indexOf("0{") >= 0) {
      isConnecting = true;
      text.setLength(0);
      send(framed("40".getBytes(US_ASCII)).bytes());
    }
  }

  @Override
  void oneByteText(byte text) {
    if (text == '2') {
      send(framed(new byte[] {'3'}).bytes());
    }
  }
}
