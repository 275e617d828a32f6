package io.earshot.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;

/**
 * A NATS client. A room is a subject.
 *
 * <p>Owned by the generator's thread.
 */
final class NatsClient extends Client {
  /** The server sends a ping alone, and no delivery is this short. */
  private static final int LONGEST_PING = 64;

  NatsClient(Script script, Endpoint endpoint, DeliveryCounter deliveries) {
    super(script, endpoint, deliveries, endpoint.size() - Markers.LENGTH);
  }

  @Override
  void opened() {
    sendJoin();
  }

  @Override
  void received(ByteBuffer in) {
    int length = in.remaining();
    scan(in, in.position(), in.limit());
    if (length < LONGEST_PING) {
      byte[] bytes = new byte[length];
      in.get(bytes);
      if (new String(bytes, US_ASCII).contains("PING\r\n")) {
        send(ByteBuffer.wrap("PONG\r\n".getBytes(US_ASCII)));
      }
    }
  }

  /** The script's text is a line, or the payload to publish after {@code payload:}. */
  @Override
  MessageTemplate framed(byte[] text) {
    String words = new String(text, UTF_8);
    if (words.startsWith("payload:")) {
      String payload = words.substring("payload:".length());
      words =
          "PUB room."
              + endpoint().room().number
              + " "
              + payload.getBytes(UTF_8).length
              + "\r\n"
              + payload;
    }
    return MessageTemplate.plain((words + "\r\n").getBytes(UTF_8));
  }
}
