package io.earshot.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * A Socket.IO 4 client on WebSocket alone: opens, connects to the main namespace, answers pings.
 *
 * <p>Owned by the generator's thread.
 */
final class SocketIoClient extends WebSocketClient {
  private boolean asked;
  private boolean connected;

  SocketIoClient(Script script, Place place, Audience audience) {
    super(script, place, audience);
  }

  @Override
  void upgraded() {}

  @Override
  void understand(StringBuilder text) {
    if (connected) {
      super.understand(text);
    } else if (asked && text.indexOf("40") >= 0) {
      connected = true;
      sendHellos();
    } else if (!asked && text.indexOf("0{") >= 0) {
      asked = true;
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
