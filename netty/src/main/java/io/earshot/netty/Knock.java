package io.earshot.netty;

import io.earshot.spi.Inbound;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The first bytes of somebody at the HTTP door. If they are one whole handshake that is to be
 * granted, a WebSocket opens that never had a channel. Anything else, whether it is another
 * request, half of one, or nonsense, is for the channel that speaks HTTP, as if it had been there
 * from the start; so this need only know what is plainly right.
 *
 * <p>Owned by the connection's event loop.
 */
final class Knock implements Inbound {

  /** What happens next. Called once, on the event loop. */
  interface Door {

    /**
     * Opens a WebSocket for a request that asks for one.
     *
     * @param visit the room that it asks for; null if it asks for none
     */
    void open(HttpRequest handshake, @Nullable Visit visit);

    /** Lets somebody else read all this, and what follows. */
    void pass(ByteBuf bytes);

    /** The other side has gone. */
    void leave();
  }

  private static final String HEAD_END = "\r\n\r\n";
  private static final int LONGEST = 4 * 1024;
  private static final Pattern REQUEST_LINE =
      Pattern.compile("GET (/(?:ws|rooms/[!-~&&[^/?#]]+)?(?:\\?[!-~]*)?) HTTP/1\\.1");
  private static final Pattern FIELD =
      Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([!-~](?:[ -~]*[!-~])?)");

  private final Handshake handshake;
  private final Door door;

  Knock(Handshake handshake, Door door) {
    this.handshake = handshake;
    this.door = door;
  }

  @Override
  public int bytes(ByteBuf in, int offset, int length) {
    String start = in.toString(offset, Math.min(length, LONGEST), StandardCharsets.ISO_8859_1);
    int end = start.indexOf(HEAD_END);
    HttpRequest request = end < 0 ? null : parsed(start.substring(0, end));
    if (request != null && Handshake.isAsked(request) && handshake.check(request) == null) {
      try {
        door.open(
            request,
            RoomUrl.isOne(request.uri())
                ? RoomUrl.of(request.uri()).visit(request.headers())
                : null);
        return end + HEAD_END.length();
      } catch (ProblemException e) {
        // It is said by whoever speaks HTTP.
      }
    }
    door.pass(in.slice(offset, length));
    return length;
  }

  /** A head that has nothing about it that could be read in two ways; null for any other. */
  private static @Nullable HttpRequest parsed(String head) {
    String[] lines = head.split("\r\n", -1);
    Matcher start = REQUEST_LINE.matcher(lines[0]);
    if (!start.matches()) {
      return null;
    }
    var request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, start.group(1));
    for (int i = 1; i < lines.length; i++) {
      Matcher field = FIELD.matcher(lines[i]);
      if (!field.matches()) {
        return null;
      }
      request.headers().add(field.group(1), field.group(2));
    }
    boolean isWhole =
        !request.headers().contains("content-length")
            && !request.headers().contains("transfer-encoding")
            && request.headers().getAll("host").size() == 1;
    return isWhole ? request : null;
  }

  @Override
  public void closed(int unconsumed) {
    door.leave();
  }
}
