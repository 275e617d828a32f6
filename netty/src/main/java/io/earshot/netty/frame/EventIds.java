package io.earshot.netty.frame;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.earshot.protocol.Command;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Request;
import io.earshot.spi.Outbound;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Gives the server-sent events of a stream of several rooms ids that have the cursors of all its
 * rooms: a browser sends only the id of its last event when it reconnects.
 *
 * <p>The rooms frame their messages once for all streams. So this class rewrites the events of one
 * stream when they are sent, in the order in which the client receives them: an id never says that
 * the client has received a message which is sent after it.
 *
 * <p>Owned by the connection's event loop.
 */
public final class EventIds implements Outbound {

  /** The longest id, in characters: it comes back in a header. */
  public static final int MAX_LENGTH = 2_048;

  /** The id instead of a longer one. It is no cursor, so a client that returns misses messages. */
  private static final String NONE = "none";

  private static final String MESSAGE = "id: ";
  private static final String NOTICE = "event: notice\n";
  private static final String ROOM = ",\"room\":";

  /** The answer to a request to be in a room. */
  private static final Pattern JOINED =
      Pattern.compile(
          "data: \\{\"context\":\"response\",\"status\":\"OK\",\"room\":(\"(?:[^\"\\\\]|\\\\.)*+\"),"
              + "\"epoch\":\"([^\"]+)\",\"offset\":(\\d+)(,\"recovered\":true)?.*");

  private final Outbound to;

  /** The places of the rooms in an id, by the name of the room as JSON has it. */
  private final Map<String, Integer> places = new HashMap<>();

  /** The cursor of each room; empty for a room of which the client has received nothing. */
  private final List<String> cursors = new ArrayList<>();

  private EventIds(Outbound to, List<Request> requests) {
    this.to = to;
    for (Request request : requests) {
      if (request.command() instanceof Command.AddRoom add) {
        Cursor after = add.start().after();
        places.putIfAbsent(new String(Json.of(add.room()).encode(), ISO_8859_1), cursors.size());
        cursors.add(after == null ? "" : after.toString());
      }
    }
  }

  /** The output of a stream that begins with requests to join rooms. */
  public static Outbound of(Outbound to, List<Request> requests) {
    return new EventIds(to, requests);
  }

  /**
   * Reads an id.
   *
   * @param rooms how many rooms the stream had
   * @return the cursor of each room; null for a room of which the client has received nothing, and
   *     {@link Cursor#UNKNOWN} if the id does not say what the client has received
   */
  public static List<@Nullable Cursor> parse(String id, int rooms) {
    String[] each = id.split(",", -1);
    if (each.length != rooms || id.isEmpty()) {
      return Collections.nCopies(rooms, Cursor.UNKNOWN);
    }
    var cursors = new ArrayList<@Nullable Cursor>();
    for (String text : each) {
      Cursor cursor = Cursor.parse(text);
      cursors.add(cursor == null && !text.isEmpty() ? Cursor.UNKNOWN : cursor);
    }
    return cursors;
  }

  @Override
  public void write(ByteBuf batch, int offset, int length) {
    String events = batch.toString(offset, length, ISO_8859_1); // the bytes as they are
    var out = new StringBuilder(length + 64);
    for (int at = 0; at < events.length(); ) {
      int end = events.indexOf("\n\n", at);
      end = end < 0 ? events.length() : end + 2;
      append(events.substring(at, end), out);
      at = end;
    }
    ByteBuf bytes = ByteBufAllocator.DEFAULT.directBuffer(out.length());
    try {
      bytes.writeCharSequence(out, ISO_8859_1);
      to.write(bytes, bytes.readerIndex(), bytes.readableBytes());
    } finally {
      bytes.release();
    }
  }

  private void append(String event, StringBuilder out) {
    if (event.startsWith(MESSAGE)) {
      int end = event.indexOf('\n');
      int room = roomOf(event);
      received(
          event.substring(room, event.indexOf(",\"from\":", room)),
          event.substring(MESSAGE.length(), end));
      id(out).append(event, end, event.length());
    } else if (event.startsWith(NOTICE)) {
      Matcher joined = JOINED.matcher(event).region(NOTICE.length(), event.length() - 2);
      out.append(NOTICE);
      if (joined.matches()) {
        // If messages follow that the client has missed, the cursor stays until they are sent.
        if (joined.group(4) == null) {
          received(joined.group(1), joined.group(2) + ":" + joined.group(3));
        }
        id(out).append('\n');
      }
      out.append(event, NOTICE.length(), event.length());
    } else {
      out.append(event);
    }
  }

  /**
   * Where the name of a message's room begins. What somebody says, and what an application tells of
   * a user, may have a field {@code room} too, but further inside.
   */
  private static int roomOf(String event) {
    int depth = 0;
    boolean isText = false;
    for (int at = 0; at < event.length(); at++) {
      char next = event.charAt(at);
      if (isText) {
        at += next == '\\' ? 1 : 0;
        isText = next != '"';
      } else if (depth == 1 && event.startsWith(ROOM, at)) {
        return at + ROOM.length();
      } else {
        isText = next == '"';
        depth += next == '{' || next == '[' ? 1 : next == '}' || next == ']' ? -1 : 0;
      }
    }
    throw new IllegalStateException("a message without a room: " + event);
  }

  private void received(String room, String cursor) {
    Integer place = places.get(room);
    if (place != null) { // else the client has joined it later, and its URL does not name it
      cursors.set(place, cursor);
    }
  }

  private StringBuilder id(StringBuilder out) {
    String id = String.join(",", cursors);
    return out.append(MESSAGE).append(id.length() > MAX_LENGTH ? NONE : id);
  }

  @Override
  public SocketAddress remoteAddress() {
    return to.remoteAddress();
  }

  @Override
  public int pendingBytes() {
    return to.pendingBytes();
  }

  @Override
  public void resume() {
    to.resume();
  }

  @Override
  public void finish() {
    to.finish();
  }

  @Override
  public void close() {
    to.close();
  }
}
