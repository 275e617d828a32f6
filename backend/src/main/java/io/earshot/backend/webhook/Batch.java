package io.earshot.backend.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.FeedEvent;
import io.earshot.protocol.Json;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The events of one request, in their order.
 *
 * <p>Immutable.
 *
 * @param events at least one
 */
record Batch(List<Event> events) {
  /** The most bytes of events in one request, unless one event alone has more. */
  static final int MOST_BYTES = 1 << 20;

  private static final byte[] HEAD = "{\"events\":[".getBytes(UTF_8);
  private static final byte[] TAIL = "]}".getBytes(UTF_8);

  Batch {
    events = List.copyOf(events);
  }

  /**
   * An event as requests have it.
   *
   * @param id the same at each repeat
   * @param at when it happened, in milliseconds since 1970
   * @param json a JSON object
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Event(String id, long at, byte[] json) {

    /**
     * Encodes an event of the feed.
     *
     * @throws IllegalArgumentException if it is nested too deep
     */
    static Event of(FeedEvent event) {
      Map<String, Json> fields = new LinkedHashMap<>();
      fields.put("id", Json.of(event.id()));
      fields.put("type", Json.of(event.type().toString()));
      String room = event.room();
      if (room != null) {
        fields.put("room", Json.of(room));
      }
      fields.put("at", Json.of(event.at()));
      fields.put("data", event.data());
      return new Event(event.id(), event.at(), new Json.Obj(fields).encode());
    }
  }

  /**
   * Cuts a list of events into batches. Equal lists give equal batches.
   *
   * @param most the most events of a batch
   */
  static List<Batch> cut(List<Event> events, int most) {
    var batches = new ArrayList<Batch>();
    int from = 0;
    long bytes = 0;
    for (int i = 0; i < events.size(); i++) {
      int length = events.get(i).json().length;
      if (i > from && (i - from == most || bytes + length > MOST_BYTES)) {
        batches.add(new Batch(events.subList(from, i)));
        from = i;
        bytes = 0;
      }
      bytes += length;
    }
    if (from < events.size()) {
      batches.add(new Batch(events.subList(from, events.size())));
    }
    return batches;
  }

  int size() {
    return events.size();
  }

  /** The time of its last event, in milliseconds since 1970. */
  long at() {
    return events.getLast().at();
  }

  Batch firstHalf() {
    return new Batch(events.subList(0, size() / 2));
  }

  Batch secondHalf() {
    return new Batch(events.subList(size() / 2, size()));
  }

  /** The same text for each batch of these events, and for no other. */
  String id() {
    MessageDigest digest = sha256();
    for (Event event : events) {
      digest.update(event.id().getBytes(UTF_8));
      digest.update((byte) '\n');
    }
    return "batch_" + HexFormat.of().formatHex(digest.digest(), 0, 16);
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new LinkageError("every JDK has SHA-256", e);
    }
  }

  /** The body of the request. */
  byte[] body() {
    int length = HEAD.length + TAIL.length + size();
    for (Event event : events) {
      length += event.json().length;
    }
    var body = new ByteArrayOutputStream(length);
    body.writeBytes(HEAD);
    for (int i = 0; i < size(); i++) {
      if (i > 0) {
        body.write(',');
      }
      body.writeBytes(events.get(i).json());
    }
    body.writeBytes(TAIL);
    return body.toByteArray();
  }
}
