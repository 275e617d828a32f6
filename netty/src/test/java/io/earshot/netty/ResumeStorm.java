package io.earshot.netty;

import io.earshot.Config;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A program that measures what it takes when everybody is cut off at once and comes back: a server
 * in a process of its own, and clients on one thread that know where they were.
 *
 * <pre>
 * ResumeStorm serve                    prints its port, and serves until its input ends
 * ResumeStorm storm PORT CLIENTS ROOMS cuts all and lets them come back, by cursors, by sessions
 * ResumeStorm memory ROOMS MESSAGES    what rooms weigh that remember so many messages
 * </pre>
 */
final class ResumeStorm {
  private static final int MOST_CONNECTING = 1_500;
  private static final int SAYS_PER_SECOND = 2; // in each room
  private static final byte[] NEVER = {};

  private final Selector selector = Selector.open();
  private final InetSocketAddress server;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 18);
  private final List<Client> speakers = new ArrayList<>();
  private final List<Client> clients = new ArrayList<>();
  private int connecting;
  private int done;
  private long gaps;
  private long duplicates;
  private long heard;
  private long said;
  private int unrecovered;
  private long nextSay = Long.MAX_VALUE;

  private ResumeStorm(int port) throws IOException {
    server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "serve" -> serve();
      case "storm" ->
          new ResumeStorm(Integer.parseInt(args[1]))
              .run(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
      default -> memory(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    }
  }

  private static Config config() {
    return Config.defaults()
        .with("rooms.announcements", false)
        .with("general.sockets", "lean")
        .with("general.resumeWindow", "60s")
        .with("limits.lostClients", 100_000)
        .with("limits.messagesPerSecond", 0)
        .with("limits.emptyRooms", 50_000)
        .with("limits.historyBytes", 1_500_000_000)
        .with("rooms.historyMessages", 100)
        .with("rooms.historyAge", "10m")
        .with("tcpServer.port", 0)
        .with("httpServer.port", 0);
  }

  private static void serve() throws IOException {
    try (var server = EarshotServer.start(config());
        var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      System.out.println(server.tcpPort());
      while (in.readLine() != null) {
        System.out.printf(Locale.ROOT, "server heap %,d bytes%n", heap());
      }
    }
  }

  private static long heap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static void memory(int rooms, int messages) throws Exception {
    try (var server = EarshotServer.start(config());
        var socket = new Socket(InetAddress.getLoopbackAddress(), server.tcpPort())) {
      long before = heap();
      Thread reader =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      socket.getInputStream().transferTo(OutputStream.nullOutputStream());
                    } catch (IOException e) {
                      throw new AssertionError(e);
                    }
                  });
      var out = socket.getOutputStream();
      String words = "x".repeat(64);
      for (int room = 0; room < rooms; room++) {
        var lines = new StringBuilder("roomChange room" + room + "\r\n");
        for (int i = 0; i < messages; i++) {
          lines.append("say ").append(words).append("\r\n");
        }
        out.write(lines.toString().getBytes(StandardCharsets.UTF_8));
      }
      out.write("quit\r\n".getBytes(StandardCharsets.UTF_8));
      reader.join();
      long after = heap();
      System.out.printf(
          Locale.ROOT,
          "%d rooms with %d messages of 64 bytes each: %,d bytes, %,d a room, %.0f a message%n",
          rooms,
          messages,
          after - before,
          (after - before) / rooms,
          (after - before) / ((double) rooms * messages));
    }
  }

  private void run(int count, int rooms) throws IOException {
    for (int i = 0; i < rooms; i++) {
      speakers.add(new Client("room" + i));
    }
    for (int i = 0; i < count; i++) {
      clients.add(new Client("room" + i % rooms));
    }
    var all = new ArrayList<>(speakers);
    all.addAll(clients);
    connect(all, false);
    nextSay = System.nanoTime();
    runFor(3_000);
    for (boolean bySession : new boolean[] {false, true, false, true}) {
      storm(bySession);
      runFor(2_000);
    }
    nextSay = Long.MAX_VALUE;
    runFor(1_000);
    long last = clients.stream().filter(client -> !client.isAtEnd()).count();
    System.out.printf(
        Locale.ROOT,
        "said %,d, heard %,d, gaps %d, duplicates %d, not recovered %d, behind at the end %d%n",
        said,
        heard,
        gaps,
        duplicates,
        unrecovered,
        last);
  }

  private void storm(boolean bySession) throws IOException {
    long saidBefore = said;
    long start = System.nanoTime();
    for (Client client : clients) {
      client.cut();
    }
    long cut = System.nanoTime();
    connect(clients, bySession);
    long[] times = clients.stream().mapToLong(client -> client.back - start).sorted().toArray();
    System.out.printf(
        Locale.ROOT,
        "%d clients by %s: cut in %d ms; back: half in %d ms, 99%% in %d ms, all in %d ms; said meanwhile %d%n",
        times.length,
        bySession ? "session" : "cursor",
        TimeUnit.NANOSECONDS.toMillis(cut - start),
        TimeUnit.NANOSECONDS.toMillis(times[times.length / 2]),
        TimeUnit.NANOSECONDS.toMillis(times[times.length * 99 / 100]),
        TimeUnit.NANOSECONDS.toMillis(times[times.length - 1]),
        said - saidBefore);
  }

  /** Connects all, and returns when each has its answer and the messages that it missed. */
  private void connect(List<Client> all, boolean bySession) throws IOException {
    done = 0;
    int next = 0;
    while (done < all.size()) {
      while (next < all.size() && connecting < MOST_CONNECTING) {
        all.get(next++).connect(bySession);
      }
      turn();
    }
  }

  private void runFor(long millis) throws IOException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (System.nanoTime() < end) {
      turn();
    }
  }

  private void turn() throws IOException {
    if (System.nanoTime() >= nextSay) {
      nextSay += TimeUnit.SECONDS.toNanos(1) / SAYS_PER_SECOND / speakers.size();
      speakers.get((int) (said++ % speakers.size())).send("say " + said + " and some more words");
    }
    selector.select(key -> ((Client) key.attachment()).ready(key), 1);
  }

  /** A client in one room that receives all its messages. */
  private final class Client {
    private final String room;
    private @Nullable SocketChannel channel;
    private String request = "";
    private String session = "";
    private String epoch = "";
    private long at = -1;
    private long end = Long.MAX_VALUE;
    private boolean isIn;
    private long back;
    private byte[] partial = NEVER;

    Client(String room) {
      this.room = room;
    }

    void connect(boolean bySession) throws IOException {
      String cursor = epoch + ":" + at;
      request =
          at < 0
              ? "roomChange " + room
              : bySession
                  ? "resume " + session + " " + room + "=" + cursor
                  : "roomChange " + room + " after=" + cursor;
      isIn = false;
      back = 0;
      end = Long.MAX_VALUE;
      partial = NEVER;
      connecting++;
      SocketChannel now = SocketChannel.open();
      channel = now;
      now.configureBlocking(false);
      now.setOption(StandardSocketOptions.TCP_NODELAY, true);
      now.register(selector, SelectionKey.OP_CONNECT, this);
      now.connect(server);
    }

    void cut() throws IOException {
      if (channel != null) {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        channel.close();
      }
    }

    void send(String line) throws IOException {
      if (channel != null) {
        channel.write(ByteBuffer.wrap((line + "\r\n").getBytes(StandardCharsets.UTF_8)));
      }
    }

    boolean isAtEnd() {
      return speakers.stream().anyMatch(speaker -> speaker.room.equals(room) && speaker.at <= at);
    }

    void ready(SelectionKey key) {
      SocketChannel from = (SocketChannel) key.channel();
      try {
        if (key.isConnectable()) {
          from.finishConnect();
          key.interestOps(SelectionKey.OP_READ);
          send(request);
        } else {
          read(from);
        }
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    private void read(SocketChannel from) throws IOException {
      buffer.clear().put(partial);
      if (from.read(buffer) < 0) {
        throw new AssertionError("cut off by the server");
      }
      byte[] bytes = new byte[buffer.flip().remaining()];
      buffer.get(bytes);
      int start = 0;
      for (int i = 0; i < bytes.length; i++) {
        if (bytes[i] == '\n') {
          line(new String(bytes, start, i - start, StandardCharsets.UTF_8));
          start = i + 1;
        }
      }
      partial = start == bytes.length ? NEVER : Arrays.copyOfRange(bytes, start, bytes.length);
    }

    private void line(String line) {
      if (line.contains("\"context\":\"user\"")) {
        if (isIn) {
          heard++;
          long offset = number(line, "\"offset\":");
          gaps += offset > at + 1 ? 1 : 0;
          duplicates += offset <= at ? 1 : 0;
          at = offset;
          isBack();
        }
      } else if (line.startsWith("{\"welcome\"")) {
        if (!request.startsWith("resume")) {
          session = text(line, "\"session\":\"");
        }
      } else if (isIn) {
        at = Math.max(at, number(line, "\"offset\":")); // the answer to a say
      } else {
        connecting--;
        isIn = true;
        int mine = Math.max(0, line.indexOf("{\"room\":\"" + room + "\""));
        String answer = line.substring(mine);
        end = number(answer, "\"offset\":");
        if (at >= 0 && !answer.contains("\"recovered\":true")) {
          unrecovered++;
          at = -1;
        }
        if (at < 0) {
          at = end;
          epoch = text(answer, "\"epoch\":\"");
        }
        isBack();
      }
    }

    private void isBack() {
      if (back == 0 && at >= end) {
        back = System.nanoTime();
        done++;
      }
    }
  }

  private static long number(String line, String field) {
    int from = line.indexOf(field) + field.length();
    int to = from;
    while (to < line.length() && Character.isDigit(line.charAt(to))) {
      to++;
    }
    return Long.parseLong(line.substring(from, to));
  }

  private static String text(String line, String field) {
    int from = line.indexOf(field) + field.length();
    return line.substring(from, line.indexOf('"', from));
  }
}
