package io.earshot.netty.socket;

import io.earshot.netty.loop.NettyLoop;
import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.NativeInetAddress;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Accepts clients without channels, and hands each to the next event loop. When the process may
 * open no more files, accepting pauses for a second, and new clients wait in the kernel's queue.
 *
 * <p>Owned by its event loop.
 */
public final class LeanListener implements EpollIoHandle {
  private static final System.Logger LOG = System.getLogger(LeanListener.class.getName());
  private static final int BACKLOG = 4096;

  /** How many clients are accepted before the loop handles other events. */
  private static final int AT_ONCE = 64;

  /** How long accepting pauses when no more files may be opened, in milliseconds. */
  private static final int PAUSE = 1_000;

  /** How often the log says at most that accepting failed, in nanoseconds. */
  private static final long REPORT_NANOS = TimeUnit.MINUTES.toNanos(1);

  /** Accepts a client. Called on the event loop that owns the client from then on. */
  public interface Opener {
    void open(NettyLoop loop, int descriptor, InetSocketAddress remote);
  }

  private final NettyLoop loop;
  private final List<NettyLoop> homes;
  private final Opener opener;
  private final ConnectionFilter filter;
  private final LingeringSockets refused;
  private final Socket socket;

  /** The address of the accepted client, with its length before it. */
  private final byte[] address = new byte[26];

  private int next;
  private long nextReport = System.nanoTime();
  private boolean closed;
  private @Nullable IoRegistration registration;

  private LeanListener(
      NettyLoop loop,
      List<NettyLoop> homes,
      ConnectionFilter filter,
      Opener opener,
      Socket socket) {
    this.loop = loop;
    this.homes = homes;
    this.opener = opener;
    this.filter = filter;
    this.refused = new LingeringSockets(loop, filter.response());
    this.socket = socket;
  }

  /**
   * Listens at an address. Not called on an event loop.
   *
   * @param homes the event loops of the clients
   * @throws IOException if the address cannot be listened on
   */
  public static LeanListener listen(
      List<NettyLoop> homes, InetSocketAddress at, ConnectionFilter filter, Opener opener)
      throws IOException {
    Socket socket = Socket.newSocketStream();
    try {
      socket.setReuseAddress(true);
      // Accepted sockets inherit these options.
      socket.setTcpNoDelay(true);
      socket.setKeepAlive(true);
      socket.bind(at);
      socket.listen(BACKLOG);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    var listener = new LeanListener(homes.getFirst(), homes, filter, opener, socket);
    listener.loop.execute(listener::register);
    return listener;
  }

  private void register() {
    var registering = loop.register(this);
    registration = registering.getNow();
    if (registration == null) {
      loop.report(LOG, "listening failed", registering.cause());
    } else {
      registration.submit(EpollIoOps.EPOLLIN);
    }
  }

  public int port() {
    return socket.localAddress().getPort();
  }

  @Override
  public FileDescriptor fd() {
    return socket;
  }

  @Override
  public void handle(IoRegistration registered, IoEvent event) {
    try {
      for (int i = 0; i < AT_ONCE && !closed; i++) {
        int descriptor = socket.accept(address);
        if (descriptor < 0) {
          return;
        }
        InetSocketAddress remote = NativeInetAddress.address(address, 1, address[0]);
        if (!filter.admits(remote)) {
          refused.refuse(descriptor);
          continue;
        }
        NettyLoop home = homes.get(next);
        next = (next + 1) % homes.size();
        if (home.inLoop()) {
          opener.open(home, descriptor, remote);
        } else {
          home.execute(() -> opener.open(home, descriptor, remote));
        }
      }
    } catch (IOException e) {
      pause(e);
    } catch (RuntimeException | Error e) {
      loop.report(LOG, "accepting a client failed", e);
    }
  }

  /** Accepting failed, most likely since the process may open no more files. */
  private void pause(IOException why) {
    if (nextReport - System.nanoTime() <= 0) {
      nextReport = System.nanoTime() + REPORT_NANOS;
      LOG.log(
          Level.ERROR,
          "no client can be accepted for a second: {0}. More open files (ulimit -n, LimitNOFILE) may help.",
          why.getMessage());
    }
    if (registration != null) {
      registration.submit(EpollIoOps.EPOLLERR);
      loop.schedule(this::resume, PAUSE);
    }
  }

  private void resume() {
    if (!closed && registration != null) {
      registration.submit(EpollIoOps.EPOLLIN);
    }
  }

  /** Stops listening. May be called on any thread; done on the event loop. */
  @Override
  public void close() {
    loop.execute(
        () -> {
          if (!closed) {
            closed = true;
            refused.close();
            if (registration != null) {
              registration.cancel();
            }
            try {
              socket.close();
            } catch (IOException e) {
              loop.report(LOG, "closing a listener failed", e);
            }
          }
        });
  }
}
