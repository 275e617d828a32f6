package io.earshot.bench.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * Decompresses the messages that one client receives: permessage-deflate of RFC 7692.
 *
 * <p>Owned by the generator's thread.
 */
final class MessageInflater implements AutoCloseable {
  /** The extension's name in the handshake. */
  static final String EXTENSION = "permessage-deflate";

  /** The end of a compressed message, which servers do not send. */
  private static final byte[] TAIL = {0, 0, -1, -1};

  private static final int PIECE_BYTES = 4096;

  private final Inflater inflater = new Inflater(true);
  private final ByteBuffer out =
      ByteBuffer.allocateDirect(PIECE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final Client client;

  /**
   * @param client scans the text
   */
  MessageInflater(Client client) {
    this.client = client;
  }

  /** Decompresses a part of a message. */
  void inflate(ByteBuffer in, int from, int end) throws IOException {
    inflater.setInput(in.slice(from, end - from));
    drain();
  }

  /**
   * A message has ended. The context stays, which is harmless if the server does not use it for the
   * next one.
   */
  void endOfMessage() throws IOException {
    inflater.setInput(TAIL);
    drain();
  }

  private void drain() throws IOException {
    try {
      while (inflater.inflate(out.clear()) > 0) {
        client.scan(out, 0, out.position());
      }
    } catch (DataFormatException e) {
      throw new IOException("a message that does not inflate: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    inflater.end();
  }
}
