package io.earshot.bench.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.bench.tls.TlsClients;
import io.earshot.bench.tls.TlsLayer;
import io.earshot.bench.work.ChatText;
import io.earshot.bench.work.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A client of the generator: one connection to the server that is measured.
 *
 * <p>Owned by the generator's thread.
 */
abstract class Client {
  /** How much received text a client that is not ready keeps, in order to find answers in it. */
  private static final int KEPT_TEXT = 1024;

  /** How many different texts a client sends in turn if they are compressed. */
  private static final int CHAT_TEXTS = 16;

  /**
   * The parts of a client.
   *
   * @param id its number
   * @param room its room
   * @param size bytes of a message
   * @param listening how many more rooms it listens to
   * @param transport its transport
   * @param tls makes its TLS engine; null without TLS
   * @param channel its connection
   * @param key the connection's key in the selector
   */
  record Endpoint(
      int id,
      Room room,
      int size,
      int listening,
      Transport transport,
      @Nullable TlsClients tls,
      SocketChannel channel,
      SelectionKey key) {}

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

  /** The messages that the client sends in turn, made when the first is sent. */
  private MessageTemplate[] templates = {};

  private int said;
  private final @Nullable TlsLayer tls;
  private String lossReason = "";

  Client(Script script, Endpoint endpoint, DeliveryCounter deliveries, int afterMarker) {
    this.script = script;
    this.endpoint = endpoint;
    this.deliveries = deliveries;
    this.markers = new Markers(deliveries, endpoint.room(), afterMarker);
    TlsClients engines = endpoint.tls();
    this.tls = engines == null ? null : new TlsLayer(engines, null, new AboveTls());
  }

  /** The client as seen by its TLS layer. */
  private final class AboveTls implements TlsLayer.Owner {
    @Override
    public void sendSealed(ByteBuffer bytes) {
      sendWire(bytes);
    }

    @Override
    public void secured() {
      opened();
    }

    @Override
    public void received(ByteBuffer plain) {
      Client.this.received(plain);
    }

    @Override
    public void ended() {
      lose("the server closed TLS");
    }
  }

  /** The TCP connection is open. */
  final void connected() throws IOException {
    if (tls == null) {
      opened();
    } else {
      tls.start();
    }
  }

  /** Bytes were read from the socket. */
  final void receivedWire(ByteBuffer in) throws IOException {
    if (tls == null) {
      received(in);
    } else {
      tls.unseal(in);
    }
  }

  /** The connection is open, and TLS if it is used. */
  abstract void opened();

  /** The client is lost and needs nothing any more. */
  void released() {}

  /** A message has ended. Its parts were scanned before. */
  final void messageEnded() {
    markers.endOfMessage();
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
    if (templates.length == 0) {
      templates = templates();
    }
    send(templates[said].stamped(stamp));
    said = said + 1 == templates.length ? 0 : said + 1;
  }

  private MessageTemplate[] templates() {
    boolean isCompressed = endpoint.transport() == Transport.DEFLATE;
    var made = new MessageTemplate[isCompressed ? CHAT_TEXTS : 1];
    var random = new Random(endpoint.id());
    int length = endpoint.size() - Markers.LENGTH;
    for (int i = 0; i < made.length; i++) {
      String rest = isCompressed ? ChatText.of(length, random) : "x".repeat(length);
      String text =
          Script.filled(script.say(), endpoint.id(), endpoint.room().number)
              .replace(Script.MESSAGE, new String(Markers.marker(0), ISO_8859_1) + rest);
      made[i] = framed(text.getBytes(UTF_8));
    }
    return made;
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
    if (tls == null) {
      sendWire(bytes);
    } else if (state != State.LOST) {
      try {
        tls.seal(bytes);
      } catch (IOException e) {
        lose("cannot encrypt: " + e.getMessage());
      }
    }
  }

  private void sendWire(ByteBuffer bytes) {
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
    released();
    try {
      endpoint.channel().close();
    } catch (IOException e) {
      lossReason = reason + ", and closing failed: " + e.getMessage();
    }
  }
}
