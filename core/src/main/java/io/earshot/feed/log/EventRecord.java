package io.earshot.feed.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.FeedEvent;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The form of an event in files, and in the store of a cluster. A message is kept as its recipients
 * get it, so that the loop of its room copies bytes and builds nothing.
 *
 * <p>Stateless.
 */
public final class EventRecord {
  /** A message: its room, its audience, its JSON. */
  private static final byte MESSAGE = 1;

  /** Another event: its room, its JSON. */
  private static final byte EVENT = 2;

  private static final byte[] NONE = {};

  private EventRecord() {}

  // --- messages --------------------------------------------------------------------------------

  /** A message as a record of its own. */
  public static byte[] message(byte[] room, @Nullable Audience audience, byte[] json) {
    ByteBuffer record = ByteBuffer.allocate(most(room, audience, json));
    put(record, room, audience, json);
    return Arrays.copyOf(record.array(), record.position());
  }

  /** The most bytes that a message can take. */
  static int most(byte[] room, @Nullable Audience audience, byte[] json) {
    int names = 0;
    if (audience != null) {
      String value = audience.value();
      names = 3 * (audience.key().length() + (value == null ? 0 : value.length()));
    }
    return 1 + 4 * Integer.BYTES + room.length + names + json.length;
  }

  /** Writes a message. */
  static void put(ByteBuffer record, byte[] room, @Nullable Audience audience, byte[] json) {
    record.put(MESSAGE);
    put(record, room);
    if (audience == null) {
      record.putInt(-1);
    } else {
      String value = audience.value();
      put(record, audience.key().getBytes(UTF_8));
      if (value == null) {
        record.putInt(-1);
      } else {
        put(record, value.getBytes(UTF_8));
      }
    }
    put(record, json);
  }

  private static void put(ByteBuffer record, byte[] bytes) {
    record.putInt(bytes.length).put(bytes);
  }

  /**
   * The event of a message.
   *
   * @param message the message as its recipients get it
   */
  public static FeedEvent event(Json.Obj message, String room, @Nullable Audience audience) {
    String epoch = message.get("epoch") instanceof Json.Text text ? text.value() : "";
    var data = message;
    if (audience != null) {
      var fields = new LinkedHashMap<String, Json>(message.fields());
      var of = new LinkedHashMap<String, Json>();
      of.put("key", Json.of(audience.key()));
      of.put("value", Json.from(audience.value()));
      fields.put("audience", new Json.Obj(of));
      data = new Json.Obj(fields);
    }
    String id = id(room, epoch, number(message, "offset"));
    return new FeedEvent(id, FeedEvent.Type.MESSAGE, room, number(message, "sentAt"), data);
  }

  /** The id of the event of a message, which its place decides. */
  private static String id(String room, String epoch, long offset) {
    return "m-" + epoch + "-" + offset + "-" + Integer.toHexString(room.hashCode());
  }

  private static long number(Json.Obj of, String name) {
    return of.get(name) instanceof Json.Num number ? Long.parseLong(number.literal()) : 0;
  }

  // --- other events ----------------------------------------------------------------------------

  /** An event that is no message as a record. */
  public static byte[] of(FeedEvent event) {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("id", Json.of(event.id()));
    fields.put("type", Json.of(event.type().toString()));
    fields.put("at", Json.of(event.at()));
    fields.put("data", event.data());
    byte[] json = new Json.Obj(fields).encode();
    String room = event.room();
    byte[] name = room == null ? NONE : room.getBytes(UTF_8);
    ByteBuffer record = ByteBuffer.allocate(1 + 2 * Integer.BYTES + name.length + json.length);
    record.put(EVENT);
    put(record, name);
    put(record, json);
    return record.array();
  }

  // --- reading ---------------------------------------------------------------------------------

  /**
   * Reads a record.
   *
   * @return null if the event is not wanted, or was written by a later version
   */
  public static @Nullable FeedEvent decode(byte[] record, Interest wanted) {
    try {
      ByteBuffer in = ByteBuffer.wrap(record);
      return switch (in.get()) {
        case MESSAGE -> message(in, wanted);
        case EVENT -> other(in, wanted);
        default -> null;
      };
    } catch (BufferUnderflowException | MalformedJsonException | IllegalArgumentException e) {
      return null;
    }
  }

  private static @Nullable FeedEvent message(ByteBuffer in, Interest wanted)
      throws MalformedJsonException {
    String room = text(in);
    if (room == null || !wanted.wants(FeedEvent.Type.MESSAGE, room)) {
      return null;
    }
    String key = text(in);
    Audience audience = key == null ? null : new Audience(key, text(in));
    return Json.parseEncoded(bytes(in)) instanceof Json.Obj message
        ? event(message, room, audience)
        : null;
  }

  private static @Nullable FeedEvent other(ByteBuffer in, Interest wanted)
      throws MalformedJsonException {
    String name = text(in);
    String room = name == null || name.isEmpty() ? null : name;
    if (!(Json.parseEncoded(bytes(in)) instanceof Json.Obj(Map<String, Json> fields))
        || !(fields.get("id") instanceof Json.Text id)
        || !(fields.get("type") instanceof Json.Text of)
        || !(fields.get("data") instanceof Json.Obj data)) {
      return null;
    }
    FeedEvent.Type type =
        FeedEvent.Type.valueOf(of.value().toUpperCase(Locale.ROOT).replace('.', '_'));
    return wanted.wants(type, room)
        ? new FeedEvent(id.value(), type, room, number(new Json.Obj(fields), "at"), data)
        : null;
  }

  private static @Nullable String text(ByteBuffer in) {
    int length = in.getInt();
    if (length < 0) {
      return null;
    }
    byte[] text = new byte[Math.min(length, in.remaining())];
    in.get(text);
    return new String(text, UTF_8);
  }

  private static byte[] bytes(ByteBuffer in) {
    byte[] bytes = new byte[Math.clamp(in.getInt(), 0, in.remaining())];
    in.get(bytes);
    return bytes;
  }
}
