package io.earshot.bench;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * One connection to the server that is measured.
 *
 * <p>Owned by the generator's thread.
 */
abstract class Client {
  /** So much of what is heard before a client is ready is kept, to look for answers in it. */
  private static final int KEPT_TEXT = 1024;

  /**
   * Where a client is.
   *
   * @param id its number
   * @param room its room
   * @param size bytes of a message
   * @param listening how many more rooms it listens to
   * @param channel its connection
   * @param key what it is selected by
   */
  record Place(
      int id, Room room, int size, int listening, SocketChannel channel, SelectionKey key) {}

  private enum State {
    JOINING,
    READY,
    LOST
  }

  private final Script script;
  private final Place place;
  private final Audience audience;
  private final Markers markers;
  private State state = State.JOINING;

  /** How many hellos are not yet answered. */
  private int unanswered;

  /** What was heard and is not understood yet; null once the client is ready. */
  private @Nullable StringBuilder heard = new StringBuilder();

  /** What the kernel did not take; null if nothing waits. */
  private @Nullable ByteBuffer waiting;

  private @Nullable Utterance utterance;
  private String lossReason = "";

  Client(Script script, Place place, Audience audience, int afterMarker) {
    this.script = script;
    this.place = place;
    this.audience = audience;
    this.markers = new Markers(audience, place.room(), afterMarker);
  }

  /** The connection is there: begins to talk. */
  abstract void opened();

  /** A frame, of which parts were heard, has ended. */
  final void endOfFrameHeard() {
    markers.endOfFrame();
  }

  /** Takes in what was read, from the buffer's position to its limit. */
  abstract void received(ByteBuffer in);

  /** A text as it travels; the marker in it, if there is one, may be stamped again. */
  abstract Utterance framed(byte[] text);

  /** What was heard before the client is ready, so far. */
  void understand(StringBuilder text) {
    countAnswers(text);
  }

  final Script script() {
    return script;
  }

  final Place place() {
    return place;
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
    Utterance mine = utterance;
    if (mine == null) {
      String text =
          Script.filled(script.say(), place.id(), place.room().number)
              .replace(
                  Script.MESSAGE,
                  new String(Markers.marker(0), ISO_8859_1)
                      + "x".repeat(place.size() - Markers.LENGTH));
      mine = framed(text.getBytes(UTF_8));
      utterance = mine;
    }
    send(mine.stamped(stamp));
  }

  /** Looks for deliveries in a stretch of what was read, and for answers while joining. */
  final void hear(ByteBuffer in, int from, int end) {
    markers.scan(in, from, end);
    StringBuilder text = heard;
    if (text != null) {
      byte[] bytes = new byte[end - from];
      in.get(from, bytes);
      text.append(new String(bytes, ISO_8859_1));
      understand(text);
      if (text.length() > KEPT_TEXT) {
        text.delete(0, text.length() - KEPT_TEXT / 2);
      }
    }
  }

  final void sendHellos() {
    var hellos = script.hellos(place.id(), place.room().number, place.listening());
    unanswered = hellos.size();
    if (heard != null) {
      heard.setLength(0);
    }
    for (String hello : hellos) {
      send(framed(hello.getBytes(UTF_8)).bytes());
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
      heard = null;
      audience.joined();
    }
  }

  /** Sends all of a buffer, now or when the kernel takes it. */
  final void send(ByteBuffer bytes) {
    if (state == State.LOST) {
      return;
    }
    try {
      if (waiting == null) {
        place.channel().write(bytes);
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
    place.key().interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
  }

  /** The kernel takes bytes again. */
  final void flush() {
    ByteBuffer bytes = waiting;
    if (bytes == null) {
      return;
    }
    try {
      place.channel().write(bytes);
      if (!bytes.hasRemaining()) {
        waiting = null;
        place.key().interestOps(SelectionKey.OP_READ);
      }
    } catch (IOException e) {
      lose("cannot send: " + e.getMessage());
    }
  }

  final void lose(String reason) {
    if (state == State.LOST) {
      return;
    }
    audience.lost(state == State.READY);
    state = State.LOST;
    lossReason = reason;
    heard = null;
    try {
      place.channel().close();
    } catch (IOException e) {
      lossReason = reason + ", and it cannot be closed: " + e.getMessage();
    }
  }
}
