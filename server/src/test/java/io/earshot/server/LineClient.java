package io.earshot.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A TCP client. A line that does not arrive within ten seconds is an exception.
 *
 * <p>Owned by the test's thread.
 */
final class LineClient implements AutoCloseable {
  private final Socket socket;
  private final BufferedReader in;
  private final List<String> passed = new ArrayList<>();

  /** Connects, and reads the welcome. */
  LineClient(Serve serve) {
    try {
      socket = new Socket(InetAddress.getLoopbackAddress(), serve.server().tcpPort());
      socket.setSoTimeout(10_000);
      in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    next("\"welcome\"");
  }

  /** Calls an action with params in JSON; returns the answer. */
  Json.Obj ask(String action, Map<String, ?> params) {
    send(encoded(Map.of("action", action, "params", params)));
    return next("\"context\":\"response\"");
  }

  Json.Obj ask(String action) {
    return ask(action, Map.of());
  }

  /** Sends a line; returns the answer. */
  Json.Obj line(String line) {
    send(line);
    return next("\"context\":\"response\"");
  }

  /** The next message of a room. */
  Json.Obj received() {
    return next("\"context\":\"user\"");
  }

  private void send(String line) {
    try {
      socket.getOutputStream().write((line + "\r\n").getBytes(UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The next line that contains a text. Lines before it are kept for later calls. */
  private Json.Obj next(String part) {
    try {
      Optional<String> earlier = passed.stream().filter(line -> line.contains(part)).findFirst();
      String line = earlier.isPresent() ? earlier.get() : in.readLine();
      if (earlier.isPresent()) {
        passed.remove(line);
      }
      while (line != null && !line.contains(part)) {
        passed.add(line);
        line = in.readLine();
      }
      if (line == null) {
        throw new AssertionError("the server has closed the connection");
      }
      return (Json.Obj) Json.parse(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (MalformedJsonException e) {
      throw new AssertionError(e);
    }
  }

  static String encoded(Object value) {
    return new String(Json.from(value).encode(), UTF_8);
  }

  /** A field as JSON; "absent" if there is none. */
  static String field(Json.Obj object, String name) {
    Json value = object.get(name);
    return value == null ? "absent" : encoded(value);
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
