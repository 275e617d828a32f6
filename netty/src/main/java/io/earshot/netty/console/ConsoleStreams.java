package io.earshot.netty.console;

import io.earshot.monitor.Monitor;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.netty.loop.NettyLoop;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.lang.System.Logger.Level;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The open consoles. Once a second, while any is open, the state of the server is written once for
 * all of them, on a virtual thread; the event loops only send it.
 *
 * <p>Thread-safe: a concurrent set of streams, each of which says who owns what.
 */
public final class ConsoleStreams {
  private static final System.Logger LOG = System.getLogger(ConsoleStreams.class.getName());

  /** How many consoles may be open at once. */
  static final int MOST = 100;

  /** In milliseconds. */
  private static final long TICK = 1_000;

  private final Site site;
  private final Monitor monitor;
  private final Set<ConsoleStream> streams = ConcurrentHashMap.newKeySet();

  /** The streams that are open or about to be. */
  private final AtomicInteger count = new AtomicInteger();

  private final AtomicBoolean isTicking = new AtomicBoolean();

  public ConsoleStreams(Site site) {
    this.site = site;
    this.monitor = site.engine().monitor();
  }

  /**
   * Answers a request for a stream, whose key was checked.
   *
   * @param room the room whose messages the stream has, a valid name; null for none
   */
  public Answer open(WebExchange exchange, @Nullable String room) throws ProblemException {
    if (!exchange.method().equals(HttpMethod.GET)) {
      throw ProblemException.methodNotAllowed(exchange.method(), "GET");
    }
    if (count.get() >= MOST) {
      throw new ProblemException(
          HttpResponseStatus.SERVICE_UNAVAILABLE,
          "there are " + MOST + " open consoles already; close one");
    }
    NettyLoop loop = exchange.loop();
    return new Answer.Feed(head(), channel -> begin(channel, loop, room));
  }

  private static HttpResponse head() {
    var head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    head.headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8")
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set("x-accel-buffering", "no")
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return head;
  }

  /** Called on the loop of the channel. */
  private void begin(Channel channel, NettyLoop loop, @Nullable String room) {
    var stream = new ConsoleStream(this, site.engine(), channel, loop, room);
    count.incrementAndGet();
    streams.add(stream);
    stream.begin();
    if (isTicking.compareAndSet(false, true)) {
      tickLater(loop, 0);
    } else {
      Thread.startVirtualThread(() -> tell(stream, overview()));
    }
  }

  void closed(ConsoleStream stream) {
    if (streams.remove(stream)) {
      count.decrementAndGet();
    }
  }

  private void tickLater(NettyLoop loop, long millis) {
    loop.schedule(() -> Thread.startVirtualThread(() -> tick(loop)), millis);
  }

  private void tick(NettyLoop loop) {
    try {
      byte[] overview = overview();
      streams.forEach(stream -> tell(stream, overview));
    } catch (RuntimeException | Error e) { // a bug; the consoles get the next overview
      LOG.log(Level.ERROR, "writing the state of the server for consoles failed", e);
    }
    if (!streams.isEmpty()) {
      loop.execute(() -> tickLater(loop, TICK));
      return;
    }
    isTicking.set(false);
    if (!streams.isEmpty() && isTicking.compareAndSet(false, true)) {
      loop.execute(() -> tickLater(loop, 0)); // one was opened meanwhile
    }
  }

  private byte[] overview() {
    return ConsoleStream.event("overview", monitor.overview(0).encode());
  }

  private void tell(ConsoleStream stream, byte[] overview) {
    stream.tell(overview, monitor);
  }
}
