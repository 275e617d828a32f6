package io.earshot.netty.frame;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.earshot.Config;
import io.earshot.netty.frame.Framing.Opcode;
import io.earshot.netty.identity.Addressed;
import io.earshot.netty.identity.Origins;
import io.earshot.netty.identity.OwnHosts;
import io.earshot.netty.room.Handshake;
import io.earshot.protocol.Request;
import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.earshot.spi.Refusal;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Sends each WebSocket message back, texts and binary ones, with the server's own handshake, frames
 * and compression: for the Autobahn TestSuite, which {@code netty/autobahn} runs against it.
 *
 * <p>Thread-safe; each connection belongs to a virtual thread.
 */
final class EchoServer implements AutoCloseable {
  private static final int MAX_LENGTH = 32 << 20;
  private static final Handshake HANDSHAKE =
      new Handshake(
          Origins.of(List.of("*")),
          new OwnHosts(List.of(), List.of(), true),
          Config.Compression.BATCHES);

  private final ServerSocket listener;

  private EchoServer(int port) throws IOException {
    listener = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
    var _ = Thread.ofPlatform().daemon().start(this::accept);
  }

  /** Listens at a port of this machine; 0 for any. */
  static EchoServer listen(int port) throws IOException {
    return new EchoServer(port);
  }

  /** Listens at the port that is given, until the process ends. */
  public static void main(String[] args) throws IOException, InterruptedException {
    try (EchoServer server = listen(args.length == 0 ? 0 : Integer.parseInt(args[0]))) {
      System.out.println("ws://127.0.0.1:" + server.port());
      Thread.currentThread().join();
    }
  }

  int port() {
    return listener.getLocalPort();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        Thread.startVirtualThread(() -> serve(socket));
      } catch (IOException e) {
        return; // it is closed
      }
    }
  }

  private static void serve(Socket socket) {
    try (socket) {
      socket.setTcpNoDelay(true);
      new Echo(socket).run();
    } catch (IOException | UncheckedIOException e) {
      // The client has left.
    }
  }

  /** One connection. */
  private static final class Echo implements Intake {
    private final Socket socket;
    private final LoopDeflate deflate = new LoopDeflate(0, () -> (int) (System.nanoTime() >> 30));
    private boolean ended;

    Echo(Socket socket) {
      this.socket = socket;
    }

    void run() throws IOException {
      HttpRequest request = request(socket.getInputStream());
      var addressed = new Addressed(null, null, false, true);
      if (HANDSHAKE.check(request, addressed) != null) {
        socket.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(ISO_8859_1));
        return;
      }
      DeflateTerms terms = HANDSHAKE.deflate(request);
      ByteBuf response = Handshake.rawResponse(request, terms);
      write(response);
      response.release();
      FrameDecoder decoder = new Echoing(this, terms, deflate);
      byte[] unread = {};
      byte[] some = new byte[1 << 16];
      for (int n = read(some); n >= 0 && !ended; n = ended ? -1 : read(some)) {
        byte[] all = Arrays.copyOf(unread, unread.length + n);
        System.arraycopy(some, 0, all, unread.length, n);
        int consumed = decoder.bytes(Unpooled.wrappedBuffer(all), 0, all.length);
        unread = Arrays.copyOfRange(all, consumed, all.length);
      }
      socket.shutdownOutput();
      socket.setSoTimeout(2_000);
      while (read(some) >= 0) {
        // The client closes its end when it has read the last frame.
      }
    }

    private int read(byte[] some) throws IOException {
      return socket.getInputStream().read(some);
    }

    private static HttpRequest request(InputStream in) throws IOException {
      var head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int c = in.read();
        if (c < 0) {
          throw new IOException("the client has left");
        }
        head.append((char) c);
      }
      List<String> lines = head.toString().strip().lines().toList();
      var request =
          new DefaultHttpRequest(
              HttpVersion.HTTP_1_1, HttpMethod.GET, lines.getFirst().split(" ", 3)[1]);
      for (String line : lines.subList(1, lines.size())) {
        String[] field = line.split(":", 2);
        request.headers().add(field[0].strip(), field[1].strip());
      }
      return request;
    }

    @Override
    public void write(ByteBuf framed) {
      try {
        framed.readBytes(socket.getOutputStream(), framed.readableBytes());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void handle(Request request) {
      throw new IllegalStateException("messages are echoed, not parsed");
    }

    @Override
    public void end(Ending ending) {
      if (!ended) {
        ended = true;
        ByteBuf close = Unpooled.buffer();
        Framing.FRAMES.end(ending, close);
        write(close);
      }
    }

    @Override
    public void inputEnded(Ending why) {
      end(why);
    }

    @Override
    public void lost(Ending why) {
      end(why);
    }

    @Override
    public void dismiss(Ending ending) {
      end(ending);
    }

    @Override
    public boolean received(int bytes) {
      return false;
    }

    @Override
    public void refused(Refusal kind) {}

    @Override
    public boolean isCongested() {
      return false;
    }

    @Override
    public boolean isEnded() {
      return ended;
    }

    @Override
    public void drained() {}

    @Override
    public void gone() {}
  }

  /** Sends what it has decoded. */
  private static final class Echoing extends InflatingDecoder {
    private final @Nullable DeflateTerms terms;
    private final LoopDeflate deflate;

    Echoing(Intake intake, @Nullable DeflateTerms terms, LoopDeflate deflate) {
      super(intake, MAX_LENGTH, deflate);
      this.terms = terms;
      this.deflate = deflate;
    }

    @Override
    boolean isAgreed(int opcode) {
      return terms != null && super.isAgreed(opcode);
    }

    @Override
    void handle(int opcode, ByteBuf in, int at, int size) {
      if (opcode == Opcode.TEXT && Utf8.text(in, at, size) == null) {
        intake.end(Ending.NOT_UTF8);
        return;
      }
      byte[] message = new byte[size];
      in.getBytes(at, message);
      ByteBuf out = Unpooled.buffer(size + 10);
      if (terms == null || size == 0) {
        Framing.header(opcode, size, out);
        out.writeBytes(message);
      } else {
        deflate.wire(terms).frame(message, null, out);
        out.setByte(0, out.getByte(0) & 0xF0 | opcode);
      }
      intake.write(out);
    }
  }
}
