package io.earshot.session;

import io.earshot.Permission;
import io.earshot.connection.Place;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Reply.Received;
import io.earshot.protocol.Welcome;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Admits a new connection to its first room, and sends the welcome.
 *
 * <p>Stateless. Called on the connection's event loop.
 */
final class Opening {
  private Opening() {}

  /** Asks hooks about the connection, and then about its first room; requests wait meanwhile. */
  static void begin(ClientConnection connection, @Nullable Cursor after, @Nullable String token) {
    connection.holdRequests();
    connection
        .engine()
        .admission()
        .askToConnect(
            connection,
            refusal -> {
              if (refusal != null) {
                connection.turnAway(refusal);
              } else if (!connection.isGone()) {
                enterRoom(connection, after, token);
              }
            });
  }

  private static void enterRoom(
      ClientConnection connection, @Nullable Cursor after, @Nullable String token) {
    Place place = connection.place();
    connection
        .engine()
        .admission()
        .admit(
            place,
            Permission.JOIN,
            token,
            verdict -> {
              if (verdict.refusal() != null) {
                connection.turnAway(verdict.refusal());
              } else if (!connection.isGone()) {
                connection.beforeNext(
                    () -> {
                      join(connection, place, after);
                      connection.accept(place, verdict.grant());
                    });
              }
            });
  }

  private static void join(ClientConnection connection, Place place, @Nullable Cursor after) {
    connection.phase = Phase.OPEN;
    connection.join(
        place,
        after,
        arrival -> {
          sendWelcome(connection, arrival.heard(), after);
          connection.sendMissed(arrival.missed());
          connection.finished();
        });
  }

  private static void sendWelcome(
      ClientConnection connection, Received heard, @Nullable Cursor after) {
    String text = connection.engine().config().general().welcomeMessage();
    byte[] json =
        new Welcome(text, heard.room(), heard.cursor(), heard.recovered(), connection.session())
            .toJson()
            .encode();
    // The missed messages follow, and the client may be cut off before it has read them.
    Cursor known = after != null && Boolean.TRUE.equals(heard.recovered()) ? after : heard.cursor();
    ByteBuf buffer = ByteBufAllocator.DEFAULT.directBuffer(json.length + 64);
    try {
      connection.wire().welcome(json, known, buffer);
      connection.write(buffer);
    } finally {
      buffer.release();
    }
  }
}
