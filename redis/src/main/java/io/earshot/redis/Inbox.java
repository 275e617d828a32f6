package io.earshot.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.protocol.Post;
import io.earshot.protocol.Signal;
import io.earshot.redis.say.OwnSays;
import io.earshot.spi.Bus;
import java.util.Arrays;
import java.util.function.BiConsumer;

/**
 * Handles all messages that arrive on subscribed channels: those of rooms, this server's own beats,
 * and requests and answers of other servers.
 *
 * <p>Thread-safe: no state of its own. Called by one thread of the Redis client per connection.
 */
final class Inbox implements BiConsumer<String, byte[]> {
  /** The beginning of a signal; no cursor is like it. */
  static final byte[] SIGNAL = {'~', ' '};

  /** No cursor is longer. */
  private static final int LONGEST_CURSOR = 64;

  private final Keys keys;
  private final String peer;
  private final String ownChannel;
  private final MessageDecoder decoder;
  private final OwnSays own;
  private final Beats beats;
  private final PeerChannel peers;
  private final Bus bus;

  Inbox(
      Keys keys,
      String peer,
      MessageDecoder decoder,
      OwnSays own,
      Beats beats,
      PeerChannel peers,
      Bus bus) {
    this.keys = keys;
    this.peer = peer;
    this.ownChannel = keys.inbox(peer);
    this.decoder = decoder;
    this.own = own;
    this.beats = beats;
    this.peers = peers;
    this.bus = bus;
  }

  @Override
  public void accept(String channel, byte[] message) {
    if (channel.equals(ownChannel)) {
      acceptPeer(channel, message);
      return;
    }
    String room = keys.room(channel);
    if (room != null) {
      acceptRoom(channel, room, message);
    }
  }

  private void acceptPeer(String channel, byte[] message) {
    if (beats.accept(message)) {
      return;
    }
    Json.Obj fields = decoder.peerMessage(channel, message);
    if (fields != null) {
      peers.received(fields);
    }
  }

  /** The message is a cursor, a space, and the signed message; or {@link #SIGNAL} and a signal. */
  private void acceptRoom(String channel, String room, byte[] message) {
    if (Arrays.mismatch(message, SIGNAL) == SIGNAL.length) {
      byte[] signed = Arrays.copyOfRange(message, SIGNAL.length, message.length);
      Signal.Sent sent = decoder.signal(keys.signedSignal(room), signed);
      if (sent != null && !sent.peer().equals(peer)) {
        bus.signalled(room, sent.signal());
      }
      return;
    }
    int space = 0;
    while (space < Math.min(message.length, LONGEST_CURSOR) && message[space] != ' ') {
      space++;
    }
    Cursor place = Cursor.parse(new String(message, 0, space, UTF_8));
    if (place == null) {
      decoder.drop(channel, "it does not begin with a cursor");
      return;
    }
    int start = Math.min(message.length, space + 1);
    String signedFor = keys.signed(room);
    Post post = own.take(signedFor, message, start);
    if (post == null) {
      post = decoder.post(signedFor, Arrays.copyOfRange(message, start, message.length));
    }
    if (post != null) {
      bus.told(room, place, post);
    }
  }
}
