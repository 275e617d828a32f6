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
 * Sockets of those who are sent away. They were told why, and have a second or two to read it:
 * closing while they send makes the kernel throw away what they have not read. When there are too
 * many of them, who has been here longest goes at once.
 *
 * <p>Owned by an event loop.
 */
final class LingeringSockets {
  private static final int MOST = 256;

  /** So often what one has sent is thrown away before its socket is closed, at most. */
  private static final int READS = 4;

  private static final int SECOND = 1_000;

  private final NettyLoop loop;
  private final ByteBuf words;
  private final Deque<Leaving> leaving = new ArrayDeque<>();
  private boolean looking;

  private record Leaving(Socket socket, int since) {}

  LingeringSockets(NettyLoop loop, byte[] words) {
    this.loop = loop;
    this.words = Unpooled.directBuffer(words.length).writeBytes(words);
  }

  /** Tells somebody why, and closes soon. */
  void sayTo(int descriptor) {
    var socket = new Socket(descriptor);
    try {
      Sockets.send(socket, words, 0, words.readableBytes());
      socket.shutdown(false, true);
    } catch (IOException | NotYetConnectedException e) {
      end(socket); // gone before it was told
      return;
    }
    if (leaving.size() == MOST) {
      end(leaving.remove().socket);
    }
    leaving.add(new Leaving(socket, loop.now()));
    lookLater();
  }

  private void lookLater() {
    if (!looking && !leaving.isEmpty()) {
      looking = true;
      loop.schedule(this::look, SECOND);
    }
  }

  private void look() {
    looking = false;
    while (!leaving.isEmpty() && leaving.element().since < loop.now()) {
      end(leaving.remove().socket);
    }
    lookLater();
  }

  private void end(Socket socket) {
    try {
      for (int i = 0; i < READS && Sockets.receive(socket, loop.readBuffer()) > 0; i++) {
        // It is of no use any more.
      }
    } catch (IOException | NotYetConnectedException e) {
      // It is gone.
    }
    try {
      socket.close();
    } catch (IOException e) {
      // Nothing is left to be done about it.
    }
  }

  /** Closes all. */
  void close() {
    leaving.forEach(each -> end(each.socket));
    leaving.clear();
    words.release();
  }
}
