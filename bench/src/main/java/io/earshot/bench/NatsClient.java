package io.earshot.bench;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;

/**
 * A NATS client, whose room is a subject.
 *
 * <p>Owned by the generator's thread.
 */
final class NatsClient extends Client {
  /** A ping that the server sends by itself comes alone; a delivery is never so short. */
  private static final int LONGEST_PING = 64;

  NatsClient(Script script, Place place, Audience audience) {
    super(script, place, audience, place.size() - Markers.LENGTH);
  }

  @Override
  void opened() {
    sendHellos();
  }

  @Override
  void received(ByteBuffer in) {
    int length = in.remaining();
    hear(in, in.position(), in.limit());
    if (length < LONGEST_PING) {
      byte[] bytes = new byte[length];
      in.get(bytes);
      if (new String(bytes, US_ASCII).contains("PING\r\n")) {
        send(ByteBuffer.wrap("PONG\r\n".getBytes(US_ASCII)));
      }
    }
  }

  /** What the script says is a line, or what follows {@code payload:} is published. */
  @Override
  Utterance framed(byte[] text) {
    String words = new String(text, UTF_8);
    if (words.startsWith("payload:")) {
      String payload = words.substring("payload:".length());
      words =
          "PUB room."
              + place().room().number
              + " "
              + payload.getBytes(UTF_8).length
              + "\r\n"
              + payload;
    }
    return Utterance.plain((words + "\r\n").getBytes(UTF_8));
  }
}
