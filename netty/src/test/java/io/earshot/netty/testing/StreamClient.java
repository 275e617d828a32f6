package io.earshot.netty.testing;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A client that listens to a room by its URL: to server-sent events, or to lines of JSON. */
public final class StreamClient extends Client {
  public static final String EVENTS = "Accept: text/event-stream";
  public static final String LINES = "Accept: application/x-ndjson";

  private boolean isEvents;

  /** The id of the last event, as a browser would give it back. */
  public String lastId = "";

  /** The name of the last event; {@code message} where it has none. */
  public String name = "";

  /** After how many milliseconds a browser would reconnect; -1 where the server has not said it. */
  public long retry = -1;

  /** How many empty lines or comments it received, which keep the connection alive. */
  public int pings;

  public StreamClient(int port, @Nullable Pair pair) {
    super(port, pair);
  }

  /** Asks for a stream, and reads the head of the answer. */
  public static StreamClient open(int port, String path, String... headers) {
    var client = new StreamClient(port, null);
    client.request(path, headers);
    String head = client.head();
    if (!head.startsWith("HTTP/1.1 200 ")) {
      throw new AssertionError("no stream: " + head);
    }
    return client;
  }

  public void request(String path, String... headers) {
    text(
        "GET "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\n"
            + String.join("\r\n", headers)
            + "\r\n\r\n");
  }

  public String head() {
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = read();
      if (b < 0) {
        throw new AssertionError("the stream ended in the head: " + head);
      }
      head.append((char) b);
    }
    String all = head.toString().toLowerCase(Locale.ROOT);
    isEvents = all.contains("content-type: text/event-stream");
    return head.toString();
  }

  @Override
  public void send(String request) {
    request(request, LINES);
    var _ = head();
  }

  @Override
  public @Nullable String next() {
    return isEvents ? nextEvent() : nextDocument();
  }

  private @Nullable String nextDocument() {
    String line = line();
    while (line != null && line.isEmpty()) {
      pings++;
      line = line();
    }
    return line;
  }

  /** As a browser reads it (WHATWG HTML, 9.2.6), of what is sent here. */
  private @Nullable String nextEvent() {
    String data = null;
    name = "message";
    for (String line = line(); line != null; line = line()) {
      if (line.isEmpty() && data != null) {
        return data;
      } else if (line.startsWith(":")) {
        pings++;
      } else if (line.startsWith("data: ")) {
        data = line.substring(6);
      } else if (line.startsWith("id: ")) {
        lastId = line.substring(4);
      } else if (line.startsWith("event: ")) {
        name = line.substring(7);
      } else if (line.startsWith("retry: ")) {
        retry = Long.parseLong(line.substring(7));
      } else if (!line.isEmpty()) {
        throw new AssertionError("no field of an event: " + line);
      }
    }
    return null;
  }

  private @Nullable String line() {
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
    return line.toString(StandardCharsets.UTF_8);
  }
}
