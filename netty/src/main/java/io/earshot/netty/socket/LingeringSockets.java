package io.earshot.netty.socket;

import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Sockets;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Sockets of refused clients, which were sent the reason and have a second or two to read it: if a
 * socket were closed while its client still sends, the kernel would discard what the client has not
 * read. When there are too many of them, the oldest is closed at once.
 *
 * <p>Owned by an event loop.
 */
final class LingeringSockets {
  private static final int MAX_SOCKETS = 256;

  /** How often a socket is read before it is closed, at most. */
  private static final int READS = 4;

  private static final int MILLIS = 1_000;

  private final NettyLoop loop;
  private final ByteBuf response;
  private final Deque<Lingering> lingering = new ArrayDeque<>();
  private boolean isSweepPlanned;

  private record Lingering(Socket socket, int since) {}

  LingeringSockets(NettyLoop loop, byte[] response) {
    this.loop = loop;
    this.response = Unpooled.directBuffer(response.length).writeBytes(response);
  }

  /** Sends the reason to a client, and closes its socket a second later. */
  void refuse(int descriptor) {
    var socket = new Socket(descriptor);
    try {
      Sockets.send(socket, response, 0, response.readableBytes());
      socket.shutdown(false, true);
    } catch (IOException | NotYetConnectedException e) {
      end(socket); // the client has left
      return;
    }
    if (lingering.size() == MAX_SOCKETS) {
      end(lingering.remove().socket);
    }
    lingering.add(new Lingering(socket, loop.now()));
    sweepLater();
  }

  private void sweepLater() {
    if (!isSweepPlanned && !lingering.isEmpty()) {
      isSweepPlanned = true;
      loop.schedule(this::sweep, MILLIS);
    }
  }

  private void sweep() {
    isSweepPlanned = false;
    while (!lingering.isEmpty() && lingering.element().since < loop.now()) {
      end(lingering.remove().socket);
    }
    sweepLater();
  }

  private void end(Socket socket) {
    try {
      for (int i = 0; i < READS && Sockets.receive(socket, loop.readBuffer()) > 0; i++) {
        // The bytes are not needed.
      }
    } catch (IOException | NotYetConnectedException e) {
      // The client has left.
    }
    try {
      socket.close();
    } catch (IOException e) {
      // There is nothing else to do.
    }
  }

  /** Closes all sockets. */
  void close() {
    lingering.forEach(each -> end(each.socket));
    lingering.clear();
    response.release();
  }
}
