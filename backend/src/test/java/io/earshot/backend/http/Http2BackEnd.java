package io.earshot.backend.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.config.Pem;
import io.earshot.netty.testing.Pair;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/**
 * A back end that speaks as much of HTTP/2 (RFC 9113) as a request needs, over TLS. It answers each
 * request with an empty object.
 *
 * <p>Thread-safe: a concurrent list and a count.
 */
final class Http2BackEnd implements Closeable {
  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int SETTINGS = 4;
  private static final int ACK = 1;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

  final AtomicInteger connections = new AtomicInteger();
  final List<String> bodies = new CopyOnWriteArrayList<>();
  private final SSLServerSocket listener;

  Http2BackEnd(Pair pair) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    Pem pem = Pem.read("httpServer", pair.cert().toString(), pair.key().toString());
    context.init(pem.keyManagers().getKeyManagers(), null, null);
    listener =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    var parameters = listener.getSSLParameters();
    parameters.setApplicationProtocols(new String[] {"h2"});
    listener.setSSLParameters(parameters);
    Thread.ofPlatform().daemon().start(this::accept);
  }

  URI url() {
    return URI.create("https://127.0.0.1:" + listener.getLocalPort() + "/asked");
  }

  private void accept() {
    try {
      while (true) {
        var socket = (SSLSocket) listener.accept();
        Thread.ofVirtual().start(() -> serve(socket));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private void serve(SSLSocket socket) {
    try (socket) {
      var in = new DataInputStream(socket.getInputStream());
      var out = new DataOutputStream(socket.getOutputStream());
      if (!new String(in.readNBytes(PREFACE.length()), UTF_8).equals(PREFACE)) {
        return;
      }
      connections.incrementAndGet();
      frame(out, SETTINGS, 0, 0);
      while (true) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = in.readNBytes(length);
        if (type == SETTINGS && (flags & ACK) == 0) {
          frame(out, SETTINGS, ACK, 0);
        }
        if (type == DATA) {
          if (payload.length > 0) {
            bodies.add(new String(payload, UTF_8));
          }
          if ((flags & END_STREAM) != 0) {
            frame(out, HEADERS, END_HEADERS, stream, (byte) 0x88); // :status 200 (RFC 7541)
            frame(out, DATA, END_STREAM, stream, "{}".getBytes(UTF_8));
          }
        }
      }
    } catch (IOException e) {
      // ended
    }
  }

  private static void frame(DataOutputStream out, int type, int flags, int stream, byte... payload)
      throws IOException {
    out.writeByte(payload.length >> 16);
    out.writeShort(payload.length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.write(payload);
    out.flush();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
