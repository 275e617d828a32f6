package io.earshot.bench.tls;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * One handshake: the client connects, ends TLS after the handshake, and waits until the server has
 * done the same. So the server has read the client's last message when the handshake counts.
 *
 * <p>Owned by the generator's thread.
 */
final class HandshakeClient implements TlsLayer.Owner {
  final int slot;
  private final SocketChannel channel;
  private final SelectionKey key;
  private final TlsLayer tls;
  private boolean secured;
  private boolean closing;
  private boolean ended;
  private String failure = "";

  /**
   * @param slot the number of the client; its next handshake has the same
   * @param session as in {@link TlsClients#engine}
   */
  HandshakeClient(
      int slot, TlsClients clients, @Nullable String session, SocketAddress to, Selector selector)
      throws IOException {
    this.slot = slot;
    channel = SocketChannel.open();
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.connect(to);
    key = channel.register(selector, SelectionKey.OP_CONNECT, this);
    tls = new TlsLayer(clients, session, this);
  }

  /** Continues the handshake. Returns true once it has ended, with or without success. */
  boolean serve(ByteBuffer in) {
    try {
      if (key.isConnectable()) {
        channel.finishConnect();
        key.interestOps(SelectionKey.OP_READ);
        tls.start();
      } else {
        read(in);
      }
    } catch (IOException e) {
      fail(String.valueOf(e.getMessage()));
    }
    if (ended) {
      close();
    }
    return ended;
  }

  private void read(ByteBuffer in) throws IOException {
    int length = channel.read(in.clear());
    if (length > 0) {
      tls.unseal(in.flip());
      if (secured && !closing && !ended) {
        closing = true;
        tls.close();
        // Not every server ends a connection for the alert alone.
        channel.shutdownOutput();
      }
    } else if (length < 0) {
      if (!secured) {
        fail("the server closed the connection during the handshake");
      }
      ended = true;
    }
  }

  private void fail(String reason) {
    if (!ended) {
      failure = reason;
      ended = true;
    }
  }

  /** Why the handshake failed; empty if it did not. */
  String failure() {
    return failure;
  }

  @Override
  public void sendSealed(ByteBuffer bytes) {
    try {
      channel.write(bytes);
      if (bytes.hasRemaining()) {
        fail("the socket does not accept a few bytes");
      }
    } catch (IOException e) {
      // A server may close after the handshake and before the close_notify alert has arrived.
      if (!secured) {
        fail("cannot send: " + e.getMessage());
      }
    }
  }

  @Override
  public void secured() {
    secured = true;
  }

  @Override
  public void received(ByteBuffer plain) {}

  @Override
  public void ended() {
    ended = true;
  }

  void close() {
    try {
      channel.close();
    } catch (IOException e) {
      fail("closing failed: " + e.getMessage());
    }
  }
}
