package io.earshot.netty.console;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.engine.Engine;
import io.earshot.monitor.Monitor;
import io.earshot.netty.loop.NettyLoop;
import io.earshot.netty.loop.Swept;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.ExcerptRequest;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.spi.ProgramInfo.LogLine;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The stream of one console: server-sent events with the state of the server, samples, lines of the
 * log, and the messages of the room that the console shows. A console that does not read is
 * disconnected; one that reads slowly misses messages of the room.
 *
 * <p>Owned by the channel's event loop, except for what {@link #tell} knows, which has its lock.
 */
final class ConsoleStream extends ChannelInboundHandlerAdapter implements Swept {
  /** A console that takes nothing for so long is disconnected, in seconds. */
  private static final int PATIENCE = 15;

  /** After this time the console connects again, and its key is checked again, in seconds. */
  private static final int LONGEST = 600;

  /** How many earlier messages of the room the console gets, and how many at once later. */
  private static final int HISTORY = 20;

  private static final int AT_ONCE = 50;

  /** How long a request for the next message waits, and the pause before the next, in millis. */
  private static final int WAIT = 20_000;

  private static final int PAUSE = 100;
  private static final int RETRY = 2_000;

  private final ConsoleStreams all;
  private final Engine engine;
  private final Channel channel;
  private final NettyLoop loop;
  private final @Nullable String room;
  private final int since;
  private int lastWritable;
  private boolean isClosed;
  private @Nullable CompletableFuture<Excerpt> reading;

  /** The number of the last line of the log, and of the last sample; guarded by the lock. */
  private long lastLine;

  private long lastSample;

  ConsoleStream(
      ConsoleStreams all, Engine engine, Channel channel, NettyLoop loop, @Nullable String room) {
    this.all = all;
    this.engine = engine;
    this.channel = channel;
    this.loop = loop;
    this.room = room;
    this.since = loop.now();
    this.lastWritable = since;
  }

  /** Begins, once the head of the response is sent. */
  void begin() {
    channel.pipeline().addLast("console", this);
    loop.opened(this);
    channel.config().setAutoRead(true);
    if (room != null) {
      read(room, new Start(null, HISTORY), 0);
    }
  }

  /** An event as the stream has it; JSON has no line ends. */
  static byte[] event(String name, byte[] json) {
    var out = new ByteArrayOutputStream(json.length + 32);
    out.writeBytes(("event: " + name + "\ndata: ").getBytes(UTF_8));
    out.writeBytes(json);
    out.writeBytes("\n\n".getBytes(UTF_8));
    return out.toByteArray();
  }

  /** Sends the state of the server, and what else is new. Called on any thread. */
  void tell(byte[] overview, Monitor monitor) {
    var events = new ByteArrayOutputStream();
    synchronized (this) {
      Json.Obj samples = monitor.history(lastSample);
      if (samples.get("last") instanceof Json.Num(String last)
          && (Long.parseLong(last) > lastSample || lastSample == 0)) {
        lastSample = Long.parseLong(last);
        events.writeBytes(event("history", samples.encode()));
      }
      List<LogLine> lines = monitor.logAfter(lastLine);
      if (!lines.isEmpty()) {
        lastLine = lines.getLast().number();
        List<Json> texts = lines.stream().map(line -> Json.of(line.text())).toList();
        events.writeBytes(event("log", new Json.Array(texts).encode()));
      }
    }
    events.writeBytes(overview);
    byte[] bytes = events.toByteArray();
    loop.execute(() -> send(bytes));
    if (room != null) {
      var unused = monitor.room(room).thenAccept(state -> loop.execute(() -> send(state)));
    }
  }

  private void send(Monitor.@Nullable RoomState state) {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("room", Json.of(String.valueOf(room)));
    fields.put("members", Json.of(state == null ? 0 : state.members()));
    fields.put("offset", Json.of(state == null ? 0 : state.offset()));
    send(event("room", new Json.Obj(fields).encode()));
  }

  private void send(byte[] event) {
    if (!isClosed && channel.isWritable()) {
      lastWritable = loop.now();
      var unused = channel.writeAndFlush(Unpooled.wrappedBuffer(event), channel.voidPromise());
    }
  }

  // --- the messages of a room ------------------------------------------------------------------

  private void read(String name, Start start, int wait) {
    if (isClosed) {
      return;
    }
    CompletableFuture<Excerpt> next =
        engine.http().read(new ExcerptRequest(name, start, AT_ONCE), wait);
    reading = next;
    var unused =
        next.whenComplete(
            (excerpt, failure) -> loop.execute(() -> heard(name, start, excerpt, failure)));
  }

  private void heard(
      String name, Start start, @Nullable Excerpt excerpt, @Nullable Throwable failure) {
    if (isClosed) {
      return;
    }
    if (excerpt == null || failure != null) {
      loop.schedule(() -> read(name, start, WAIT), RETRY); // too many requests wait
      return;
    }
    if (Boolean.FALSE.equals(excerpt.recovered()) || !channel.isWritable()) {
      send(event("missed", "{}".getBytes(UTF_8)));
    }
    for (byte[] message : excerpt.messages()) {
      send(event("message", message));
    }
    Cursor end = excerpt.next();
    loop.schedule(() -> read(name, Start.after(end), WAIT), PAUSE);
  }

  // --- the end ---------------------------------------------------------------------------------

  /** The client has nothing to say. */
  @Override
  public void channelRead(ChannelHandlerContext context, Object input) {
    ReferenceCountUtil.release(input);
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    close();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof ChannelInputShutdownEvent) {
      close();
    }
  }

  @Override
  @SuppressWarnings("deprecation") // the handler of a channel's errors is still this one
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    close(); // the network
  }

  @Override
  public boolean sweep(int now) {
    if (now - lastWritable > PATIENCE || now - since > LONGEST) {
      close();
    }
    return !isClosed;
  }

  @Override
  public void stop() {
    close();
  }

  @Override
  public void close() {
    if (!isClosed) {
      isClosed = true;
      loop.closed();
      all.closed(this);
      if (reading != null) {
        reading.cancel(false);
      }
      var unused = channel.close();
    }
  }
}
