package io.earshot.postgres;

import io.earshot.Api;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Excerpt;
import io.earshot.protocol.Json;
import io.earshot.protocol.Start;
import io.earshot.spi.Source;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Finds out which messages of a claim were told, after the server that told them has died: those
 * that the histories of their rooms have after the ends of the claim, in the same order.
 *
 * <p>Owned by the thread of the source.
 */
final class Doubts {
  private static final System.Logger LOG = System.getLogger(Doubts.class.getName());

  /** How many messages of a room are looked at. */
  private static final int MOST = 5_000;

  /** How far clocks may differ, in milliseconds. */
  private static final long SKEW = 5_000;

  /** How long a room may take to answer, in milliseconds. */
  private static final long PATIENCE = 10_000;

  /** For how long the feed must be idle, and how long to wait for that, in milliseconds. */
  private static final long QUIET = 500;

  private static final long MOST_WAIT = 5_000;

  private final Api api;
  private final MessageStore store;
  private final Link link;

  /**
   * The messages that were being told.
   *
   * @param ids the ids of their rows
   * @param ends the end of each room's order before that, as text; JSON's null for a room without
   *     one
   * @param at when they were claimed, in milliseconds since 1970, by the database's clock
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Claim(Long[] ids, Map<String, Json> ends, long at) {}

  Doubts(Api api, MessageStore store, Link link) {
    this.api = api;
    this.store = store;
    this.link = link;
  }

  /** What became of the messages that were told; the others are missing. */
  List<Source.Result> resolve(Claim claim, List<OutboxRow> rows) throws InterruptedException {
    awaitStored();
    var byRoom = new LinkedHashMap<String, List<OutboxRow>>();
    for (OutboxRow row : rows) {
      if (row.item().publication() != null) {
        byRoom.computeIfAbsent(row.room(), ignored -> new ArrayList<>()).add(row);
      }
    }
    var known = new ArrayList<Source.Result>();
    for (Map.Entry<String, List<OutboxRow>> each : byRoom.entrySet()) {
      known.addAll(told(each.getKey(), each.getValue(), claim));
    }
    LOG.log(
        Level.INFO,
        "the last reader of the outbox was telling {0} messages as it ended; {1} of them were told",
        rows.size(),
        known.size());
    return known;
  }

  /** Waits for the messages that the feed had when the last server ended. */
  private void awaitStored() throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MOST_WAIT);
    while (store.idle() < TimeUnit.MILLISECONDS.toNanos(QUIET) && System.nanoTime() - end < 0) {
      link.pause(20);
    }
  }

  private List<Source.Result> told(String room, List<OutboxRow> rows, Claim claim)
      throws InterruptedException {
    String serverName = api.configData().general().serverName();
    List<Json.Obj> since = since(room, claim);
    var known = new ArrayList<Source.Result>();
    int at = 0;
    for (OutboxRow row : rows) {
      for (int i = at; i < since.size(); i++) {
        if (row.isTold(since.get(i), serverName)) {
          known.add(new Source.Result(Long.toString(row.id()), place(since.get(i)), null));
          at = i + 1;
          break;
        }
      }
    }
    return known;
  }

  /** The messages of a room after the claim, the oldest first. */
  private List<Json.Obj> since(String room, Claim claim) throws InterruptedException {
    Json text = claim.ends().get(room);
    Cursor end = text instanceof Json.Text(String cursor) ? Cursor.parse(cursor) : null;
    var all = new ArrayList<Json.Obj>();
    Cursor before = null;
    int seen = 0;
    while (seen < MOST) {
      Excerpt page = page(room, before);
      if (page == null || page.messages().isEmpty()) {
        return all;
      }
      List<Json.Obj> messages = page.parsed();
      seen += messages.size();
      for (Json.Obj each : messages.reversed()) {
        Cursor place = place(each);
        if (end != null && place.epoch().equals(end.epoch()) && place.offset() <= end.offset()) {
          return all;
        }
        boolean isOfEpoch = end != null && place.epoch().equals(end.epoch());
        if (!isOfEpoch && sentAt(each) < claim.at() - SKEW) {
          return all;
        }
        all.addFirst(each);
      }
      before = place(messages.getFirst());
    }
    return all;
  }

  private @Nullable Excerpt page(String room, @Nullable Cursor before) throws InterruptedException {
    try {
      return api.chatRoom()
          .history(room, before, Start.MAX_HISTORY)
          .toCompletableFuture()
          .get(PATIENCE, TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return null;
    }
  }

  private static Cursor place(Json.Obj message) {
    String epoch = message.get("epoch") instanceof Json.Text(String text) ? text : "";
    return new Cursor(epoch, number(message.get("offset")));
  }

  private static long sentAt(Json.Obj message) {
    return number(message.get("sentAt"));
  }

  private static long number(@Nullable Json json) {
    return json instanceof Json.Num(String literal) ? Long.parseLong(literal) : 0;
  }
}
