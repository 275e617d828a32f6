package io.earshot.netty.testing;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A client that speaks lines. */
public final class TcpClient extends Client {

  public TcpClient(int port) {
    super(port, null);
  }

  public TcpClient(int port, @Nullable Pair pair) {
    super(port, pair);
  }

  private TcpClient(int port, String from) {
    super(port, null, from);
  }

  /** A client at another address of this machine, such as 127.0.0.2. */
  public static TcpClient from(String address, int port) {
    return new TcpClient(port, address);
  }

  /** A client that has read its welcome. */
  public static TcpClient welcomed(int port) {
    return welcomed(port, null);
  }

  public static TcpClient welcomed(int port, @Nullable Pair pair) {
    var client = new TcpClient(port, pair);
    if (!client.reply().startsWith("{\"welcome\"")) {
      throw new AssertionError("no welcome");
    }
    return client;
  }

  @Override
  public void send(String request) {
    text(request + "\r\n");
  }

  @Override
  public @Nullable String next() {
    var line = new ByteArrayOutputStream();
    for (int b = read(); b != '\n'; b = read()) {
      if (b < 0) {
        if (line.size() > 0) {
          throw new AssertionError("half a line: " + line);
        }
        return null;
      }
      line.write(b);
    }
    String text = line.toString(StandardCharsets.UTF_8);
    if (!text.endsWith("\r")) {
      throw new AssertionError("a line without CRLF: " + text);
    }
    return text.substring(0, text.length() - 1);
  }
}
