package io.earshot.bench.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A client of the generator: one connection to the server that is measured.
 *
 * <p>Owned by the generator's thread.
 */
abstract class Client {
  /** How much received text a client that is not ready keeps, in order to find answers in it. */
  private static final int KEPT_TEXT = 1024;

  /**
   * The parts of a client.
   *
   * @param id its number
   * @param room its room
   * @param size bytes of a message
   * @param listening how many more rooms it listens to
   * @param channel its connection
   * @param key the connection's key in the selector
   */
  record Endpoint(
      int id, Room room, int size, int listening, SocketChannel channel, SelectionKey key) {}

  private enum State {
    JOINING,
    READY,
    LOST
  }

  private final Script script;
  private final Endpoint endpoint;
  private final DeliveryCounter deliveries;
  private final Markers markers;
  private State state = State.JOINING;

  /** How many of the join texts are not answered yet. */
  private int unanswered;

  /** Received text without the answers found so far; null once the client is ready. */
  private @Nullable StringBuilder unread = new StringBuilder();

  /** Bytes that the socket did not accept yet; null if there are none. */
  private @Nullable ByteBuffer waiting;

  private @Nullable MessageTemplate template;
  private String lossReason = "";

  Client(Script script, Endpoint endpoint, DeliveryCounter deliveries, int afterMarker) {
    this.script = script;
    this.endpoint = endpoint;
    this.deliveries = deliveries;
    this.markers = new Markers(deliveries, endpoint.room(), afterMarker);
  }

  /** The connection is open. */
  abstract void opened();

  /** A frame has ended. Its parts were scanned before. */
  final void frameEnded() {
    markers.endOfFrame();
  }

  /** Reads the bytes between the buffer's position and its limit. */
  abstract void received(ByteBuffer in);

  /** A text in the form that the wire takes. A marker in it can be stamped again. */
  abstract MessageTemplate framed(byte[] text);

  /** Reads the text that was received so far, until the client is ready. */
  void readText(StringBuilder text) {
    countAnswers(text);
  }

  final Script script() {
    return script;
  }

  final Endpoint endpoint() {
    return endpoint;
  }

  final boolean isReady() {
    return state == State.READY;
  }

  final boolean isLost() {
    return state == State.LOST;
  }

  /** Why the connection is lost. */
  final String lossReason() {
    return lossReason;
  }

  final void say(long stamp) {
    MessageTemplate own = template;
    if (own == null) {
      String text =
          Script.filled(script.say(), endpoint.id(), endpoint.room().number)
              .replace(
                  Script.MESSAGE,
                  new String(Markers.marker(0), ISO_8859_1)
                      + "x".repeat(endpoint.size() - Markers.LENGTH));
      own = framed(text.getBytes(UTF_8));
      template = own;
    }
    send(own.stamped(stamp));
  }

  /** Finds deliveries in some of the bytes that were read, and answers while joining. */
  final void scan(ByteBuffer in, int from, int end) {
    markers.scan(in, from, end);
    StringBuilder text = unread;
    if (text != null) {
      byte[] bytes = new byte[end - from];
      in.get(from, bytes);
      text.append(new String(bytes, ISO_8859_1));
      readText(text);
      if (text.length() > KEPT_TEXT) {
        text.delete(0, text.length() - KEPT_TEXT / 2);
      }
    }
  }

  final void sendJoin() {
    var joinTexts = script.joinTexts(endpoint.id(), endpoint.room().number, endpoint.listening());
    unanswered = joinTexts.size();
    if (unread != null) {
      unread.setLength(0);
    }
    for (String text : joinTexts) {
      send(framed(text.getBytes(UTF_8)).bytes());
    }
    if (script.ready().isEmpty()) {
      becomeReady();
    }
  }

  private void countAnswers(StringBuilder text) {
    while (unanswered > 0) {
      int at = text.indexOf(script.ready());
      if (at < 0) {
        return;
      }
      text.delete(0, at + script.ready().length());
      unanswered--;
      if (unanswered == 0) {
        becomeReady();
      }
    }
  }

  final void becomeReady() {
    if (state == State.JOINING) {
      state = State.READY;
      unread = null;
      deliveries.clientJoined();
    }
  }

  /** Sends all of a buffer, now or once the socket accepts it. */
  final void send(ByteBuffer bytes) {
    if (state == State.LOST) {
      return;
    }
    try {
      if (waiting == null) {
        endpoint.channel().write(bytes);
        if (!bytes.hasRemaining()) {
          return;
        }
      }
      keep(bytes);
    } catch (IOException e) {
      lose("cannot send: " + e.getMessage());
    }
  }

  private void keep(ByteBuffer bytes) {
    ByteBuffer before = waiting;
    int length = bytes.remaining() + (before == null ? 0 : before.remaining());
    ByteBuffer kept = ByteBuffer.allocate(length);
    if (before != null) {
      kept.put(before);
    }
    waiting = kept.put(bytes).flip();
    endpoint.key().interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
  }

  /** The socket accepts bytes again. */
  final void flush() {
    ByteBuffer bytes = waiting;
    if (bytes == null) {
      return;
    }
    try {
      endpoint.channel().write(bytes);
      if (!bytes.hasRemaining()) {
        waiting = null;
        endpoint.key().interestOps(SelectionKey.OP_READ);
      }
    } catch (IOException e) {
      lose("cannot send: " + e.getMessage());
    }
  }

  final void lose(String reason) {
    if (state == State.LOST) {
      return;
    }
    deliveries.clientLost(state == State.READY);
    state = State.LOST;
    lossReason = reason;
    unread = null;
    try {
      endpoint.channel().close();
    } catch (IOException e) {
      lossReason = reason + ", and closing failed: " + e.getMessage();
    }
  }
}
