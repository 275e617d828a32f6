package io.earshot.netty.room;

import io.earshot.netty.http.JoinRequest;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.identity.Addressed;
import io.earshot.spi.Inbound;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.util.function.IntPredicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Looks at the first bytes of a client at the HTTP port. If they are one whole WebSocket handshake
 * that is accepted, the client gets a WebSocket without a channel. All other bytes, be they another
 * request, a part of one, or malformed, go to a channel that speaks HTTP. So this class only has to
 * recognize requests that can be read in one way only.
 *
 * <p>Owned by the connection's event loop.
 */
public final class HandshakePeek implements Inbound {

  /** The client whose bytes are looked at. Called on the event loop. */
  public interface Client {

    /** How the sender of a handshake addressed the server. */
    Addressed addressed(HttpRequest handshake);

    /** Whether the sender of the handshake is within its limits; if so, {@link #open} follows. */
    boolean admits(HttpRequest handshake);

    /**
     * Accepts the handshake, and opens the WebSocket.
     *
     * @param join the room that the client asks for; null if it asks for none
     */
    void open(HttpRequest handshake, @Nullable JoinRequest join);

    /** Hands the bytes, and all that follow, to a channel that speaks HTTP. */
    void pass(ByteBuf bytes);

    /** The client has left. */
    void leave();
  }

  private static final String LINE_END = "\r\n";
  private static final String HEAD_END = LINE_END + LINE_END;
  private static final int MAX_LENGTH = 4 * 1024;
  private static final Pattern REQUEST_LINE =
      Pattern.compile("GET (/(?:ws|rooms|rooms/[!-~&&[^/?#]]+)?(?:\\?[!-~]*)?) HTTP/1\\.1");

  private final Handshake handshake;
  private final Client client;

  public HandshakePeek(Handshake handshake, Client client) {
    this.handshake = handshake;
    this.client = client;
  }

  @Override
  public int bytes(ByteBuf in, int offset, int length) {
    String start = in.toString(offset, Math.min(length, MAX_LENGTH), StandardCharsets.ISO_8859_1);
    int end = start.indexOf(HEAD_END);
    HttpRequest request = end < 0 ? null : parsed(start.substring(0, end));
    if (request != null && Handshake.isRequested(request) && isAccepted(request)) {
      try {
        JoinRequest join =
            RoomUrl.matches(request.uri().split("\\?", 2)[0])
                ? RoomUrl.of(request.uri()).join(request.headers())
                : null;
        if (client.admits(request)) {
          client.open(request, join);
          return end + HEAD_END.length();
        }
      } catch (ProblemException e) {
        // The channel that speaks HTTP finds the same problem, and answers it.
      }
    }
    client.pass(in.slice(offset, length));
    return length;
  }

  private boolean isAccepted(HttpRequest request) {
    Addressed addressed = client.addressed(request);
    return addressed.isServed() && handshake.check(request, addressed) == null;
  }

  /** Parses a head that can be read in one way only; null for any other. */
  private static @Nullable HttpRequest parsed(String head) {
    int end = head.indexOf(LINE_END);
    Matcher start = REQUEST_LINE.matcher(end < 0 ? head : head.substring(0, end));
    if (!start.matches()) {
      return null;
    }
    var request = new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, start.group(1));
    while (end >= 0) {
      int from = end + LINE_END.length();
      end = head.indexOf(LINE_END, from);
      if (!addField(request.headers(), head.substring(from, end < 0 ? head.length() : end))) {
        return null;
      }
    }
    boolean isWhole =
        !request.headers().contains("content-length")
            && !request.headers().contains("transfer-encoding")
            && request.headers().getAll("host").size() == 1;
    return isWhole ? request : null;
  }

  /** Parses a field without a regular expression, since each client sends about ten of them. */
  private static boolean addField(HttpHeaders headers, String line) {
    int colon = line.indexOf(':');
    int from = line.startsWith(" ", colon + 1) ? colon + 2 : colon + 1;
    int end = line.length();
    boolean isField =
        colon > 0
            && from < end
            && line.charAt(from) != ' '
            && line.charAt(end - 1) != ' '
            && consistsOf(line, 0, colon, HandshakePeek::isNamePart)
            && consistsOf(line, from, end, c -> c >= ' ' && c <= '~');
    if (isField) {
      headers.add(line.substring(0, colon), line.substring(from));
    }
    return isField;
  }

  private static boolean consistsOf(String text, int from, int end, IntPredicate allowed) {
    for (int i = from; i < end; i++) {
      if (!allowed.test(text.charAt(i))) {
        return false;
      }
    }
    return true;
  }

  /** Whether a character is one of a token (RFC 9110, 5.6.2). */
  private static boolean isNamePart(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || "!#$%&'*+.^_`|~-".indexOf(c) >= 0;
  }

  @Override
  public void closed(int unconsumed) {
    client.leave();
  }
}
