package io.earshot.bench.load;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;

/**
 * A client that sends lines.
 *
 * <p>Owned by the generator's thread.
 */
final class LineClient extends Client {
  LineClient(Script script, Endpoint endpoint, DeliveryCounter deliveries) {
    super(script, endpoint, deliveries, endpoint.size() - Markers.LENGTH);
  }

  @Override
  void opened() {
    sendJoin();
  }

  @Override
  void received(ByteBuffer in) {
    scan(in, in.position(), in.limit());
  }

  @Override
  MessageTemplate framed(byte[] text) {
    return MessageTemplate.plain((new String(text, UTF_8) + "\r\n").getBytes(UTF_8));
  }
}
