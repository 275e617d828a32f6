package io.earshot.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;

/**
 * A client that sends lines.
 *
 * <p>Owned by the generator's thread.
 */
final class LineClient extends Client {
  LineClient(Script script, Place place, Audience audience) {
    super(script, place, audience, place.size() - Markers.LENGTH);
  }

  @Override
  void opened() {
    sendHellos();
  }

  @Override
  void received(ByteBuffer in) {
    hear(in, in.position(), in.limit());
  }

  @Override
  Utterance framed(byte[] text) {
    return Utterance.plain((new String(text, UTF_8) + "\r\n").getBytes(UTF_8));
  }
}
