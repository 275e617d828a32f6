package io.earshot.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.protocol.Cursor;
import io.earshot.protocol.Post;
import io.earshot.spi.Broker.Terms;
import io.earshot.spi.SharedFeed;
import io.earshot.spi.SharedFeed.Entry;
import io.earshot.spi.SharedFeed.Turn;
import io.earshot.testing.BrokerPeer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A server that serves a consumer of the feed.
 *
 * <p>Owned by the test's thread.
 */
record FeedReader(BrokerPeer peer, String consumer) {
  private static final int PARTS = 4;
  private static final long WINDOW = 60_000;

  /** Publishes a text that becomes an event, too. */
  static CompletionStage<Cursor> publish(
      BrokerPeer peer, String room, Post post, @Nullable String repeat) {
    Terms terms = peer.terms(room);
    return peer.broker()
        .publish(
            room,
            post,
            new Terms(terms.messages(), terms.keep(), terms.known(), terms.freshEpoch(), true),
            repeat,
            WINDOW);
  }

  /** Publishes a text that becomes an event, too, and waits for its place. */
  static Cursor say(BrokerPeer peer, String room, String text) {
    return BrokerPeer.get(publish(peer, room, peer.post(text), null));
  }

  static SharedFeed feed(BrokerPeer peer) {
    return Objects.requireNonNull(peer.broker().feed());
  }

  static int part(String room) {
    return SharedFeed.part(room, PARTS);
  }

  /** A room of a part. */
  static String room(int part) {
    return IntStream.iterate(0, i -> i + 1)
        .mapToObj(i -> "room " + i)
        .filter(each -> part(each) == part)
        .findFirst()
        .orElseThrow();
  }

  static CompletionStage<Void> adding(BrokerPeer peer, int part, String text) {
    return feed(peer).add(part, List.of(text.getBytes(UTF_8)));
  }

  static void add(BrokerPeer peer, int part, String text) {
    BrokerPeer.get(adding(peer, part, text));
  }

  Turn next(int part, @Nullable String dealtWith, int most) {
    return BrokerPeer.get(feed(peer).next(consumer, part, dealtWith, most));
  }

  /** Renews the lease. */
  Turn renew(int part) {
    return next(part, null, 0);
  }

  /** Deals with all events of a part, at most so many in an answer. */
  List<String> takeAll(int part, int most) {
    var all = new ArrayList<String>();
    Turn turn = next(part, null, most);
    while (!turn.entries().isEmpty()) {
      all.addAll(texts(turn.entries()));
      turn = next(part, turn.entries().getLast().position(), most);
    }
    return all;
  }

  /** Events as their texts, and messages as their texts with their offsets. */
  static List<String> texts(List<Entry> entries) {
    return entries.stream().map(FeedReader::text).toList();
  }

  private static String text(Entry entry) {
    byte[] event = entry.event();
    if (event != null) {
      return new String(event, UTF_8);
    }
    var placed = Objects.requireNonNull(entry.message());
    return placed.post().message().asText() + "@" + placed.place().offset();
  }
}
