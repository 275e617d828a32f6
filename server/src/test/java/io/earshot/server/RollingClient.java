package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A client that is in one room, and connects again with its cursor whenever it is told to, or its
 * connection breaks. It expects the numbers from 1 on as messages.
 *
 * <p>Owned by its virtual thread, which runs until {@link #close}; other threads read what is
 * volatile.
 */
final class RollingClient implements AutoCloseable {
  private final int port;
  private final String room;
  private final List<Long> goodbyes = new ArrayList<>();
  private volatile @Nullable Socket socket;
  private volatile boolean isClosed;
  private volatile boolean isIn;
  private volatile int heard;
  private volatile int connects;
  private volatile String faults = "";
  private String cursor = "";

  RollingClient(int port, String room) {
    this.port = port;
    this.room = room;
    Thread.startVirtualThread(this::run);
  }

  boolean isIn() {
    return isIn;
  }

  int heard() {
    return heard;
  }

  int reconnects() {
    return connects - 1;
  }

  /** What it should not have received; empty if all is well. */
  String faults() {
    return faults;
  }

  /** The largest number of connections that servers ended within one second. */
  static int mostGoodbyesInASecond(List<RollingClient> clients) {
    long[] all =
        clients.stream()
            .flatMap(each -> List.copyOf(each.goodbyes).stream())
            .mapToLong(nanos -> nanos)
            .sorted()
            .toArray();
    int most = 0;
    for (int from = 0, to = 0; to < all.length; to++) {
      while (all[to] - all[from] > TimeUnit.SECONDS.toNanos(1)) {
        from++;
      }
      most = Math.max(most, to - from + 1);
    }
    return most;
  }

  private void run() {
    while (!isClosed) {
      long pause = 100;
      try (var opened = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket = opened;
        opened.setTcpNoDelay(true);
        pause = live(opened);
      } catch (IOException e) {
        // no server is ready, or the connection broke
      } catch (MalformedJsonException | RuntimeException e) {
        fault(e.toString());
      }
      isIn = false;
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pause));
    }
  }

  private void fault(String what) {
    faults += what + "; ";
  }

  /** Reads until the connection ends; returns after how many milliseconds to connect again. */
  private long live(Socket opened) throws IOException, MalformedJsonException {
    String after = cursor.isEmpty() ? "" : "?after=" + cursor;
    String head =
        "GET /rooms/"
            + room
            + after
            + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    opened.getOutputStream().write(head.getBytes(UTF_8));
    var in = new DataInputStream(new java.io.BufferedInputStream(opened.getInputStream(), 512));
    if (!line(in).contains(" 101 ")) {
      return 100;
    }
    while (!line(in).isEmpty()) {
      // headers
    }
    long pause = 100;
    while (true) {
      int first = in.readUnsignedByte();
      int length = in.readUnsignedByte();
      length = length == 126 ? in.readUnsignedShort() : length;
      byte[] payload = in.readNBytes(length);
      if (first == 0x88) {
        goodbyes.add(System.nanoTime());
        return pause;
      }
      if (first == 0x81 && Json.parse(new String(payload, UTF_8)) instanceof Json.Obj message) {
        pause = Math.max(pause, received(message));
      }
    }
  }

  private static String line(DataInputStream in) throws IOException {
    var line = new StringBuilder();
    for (int c = in.readUnsignedByte(); c != '\n'; c = in.readUnsignedByte()) {
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  /** Returns the pause before the next connection, if the message names one. */
  private long received(Json.Obj message) {
    if (message.get("reconnectAfter") instanceof Json.Num(String millis)) {
      return Long.parseLong(millis);
    }
    String place = text(message, "epoch") + ":" + text(message, "offset");
    switch (text(message, "context")) {
      case "api" -> {
        if (!cursor.isEmpty() && !Json.of(true).equals(message.get("recovered"))) {
          fault("not recovered after " + cursor + ": " + message);
        }
        cursor = cursor.isEmpty() ? place : cursor;
        connects++;
        isIn = true;
      }
      case "user" -> {
        if (!text(message, "message").equals("" + (heard + 1))) {
          fault("after " + heard + " came " + message);
        }
        heard++;
        cursor = place;
      }
      case "gap" -> fault("gap: " + message);
      default -> {}
    }
    return 0;
  }

  private static String text(Json.Obj message, String field) {
    return switch (message.get(field)) {
      case Json.Text(String text) -> text;
      case Json.Num(String number) -> number;
      case null, default -> "";
    };
  }

  @Override
  public void close() {
    isClosed = true;
    Socket now = socket;
    if (now != null) {
      try {
        now.close();
      } catch (IOException e) {
        // closed in any case
      }
    }
  }

  @Override
  public String toString() {
    return room + " after " + cursor + " " + faults;
  }
}
