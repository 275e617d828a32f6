package io.earshot.events;

import io.earshot.Config;
import io.earshot.protocol.Audience;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.User;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Remembers the last events of one event loop: one entry for each message, and one for each thing
 * that happens to a connection. Deliveries have no entries: a member that is subscribed receives
 * each message that is for it.
 *
 * <p>Owned by that event loop.
 */
public final class Recorder {

  /** What an event takes, with its texts, in bytes. */
  private static final int EVENT_BYTES = 256;

  /** The longest attributes that are remembered, in characters. */
  private static final int LONGEST_ATTRIBUTES = 1_000;

  private static final int LONGEST_DETAIL = 2_000;

  /** How much of the name and of the value of an audience is remembered, in characters. */
  private static final int LONGEST_AUDIENCE = 64;

  /** How many refusals of one second are remembered. */
  private static final int MOST_REFUSALS = 50;

  private static final long SECOND = 1_000;

  private final LongSupplier clock;
  private final long start;

  /** Null if nothing is to be remembered. */
  private final @Nullable MessageRing messages;

  private final @Nullable EventRing events;

  private long refusalsSince;
  private int refusals;

  /** Null while there is none. */
  private Trace @Nullable [] traces;

  /**
   * Nothing has happened.
   *
   * @param settings whether to remember events, and in how many bytes on all loops together
   * @param loops the number of event loops
   * @param clock the clock of durations, in milliseconds
   */
  public Recorder(Config.Explain settings, int loops, LongSupplier clock) {
    this.clock = clock;
    this.start = clock.getAsLong();
    int half = settings.bytes() / loops / 2;
    this.messages =
        settings.enabled() ? new MessageRing(Math.max(1, half / MessageRing.MESSAGE_BYTES)) : null;
    this.events = settings.enabled() ? new EventRing(Math.max(1, half / EVENT_BYTES)) : null;
  }

  // --- what happens ----------------------------------------------------------------------------

  /**
   * The room has a message.
   *
   * @param sender the connection that does not receive it, or null
   * @param audience the members that receive it; null for all
   * @param now the time by the clock of durations, which the caller knows: to read it takes longer
   *     than everything else here
   */
  public void message(
      String room,
      Cursor place,
      @Nullable Recipient sender,
      @Nullable Audience audience,
      long now) {
    if (messages != null) {
      int hash = sender == null ? 0 : sender.idHash();
      messages.add(room, place, hash, audience == null ? null : shortened(audience), now);
    }
    if (traces != null) {
      trace(
          event(
              clock.getAsLong(),
              EventKind.MESSAGE,
              sender,
              room,
              place,
              0,
              audience == null
                  ? null
                  : shortened("for " + audience.key() + "=" + audience.value(), LONGEST_DETAIL),
              null));
    }
  }

  /** Something happens to a connection in a room that has delivered everything up to a place. */
  public void add(
      EventKind kind, Recipient who, String room, Cursor place, @Nullable String detail) {
    keep(kind, who, room, place, 0, detail, null);
  }

  /** The same, for a range of messages that begins at an offset. */
  public void add(
      EventKind kind,
      Recipient who,
      String room,
      long from,
      Cursor place,
      @Nullable String detail) {
    keep(kind, who, room, place, from, detail, null);
  }

  /** Something happens to a connection that no message's place tells of. */
  public void add(EventKind kind, Recipient who, @Nullable String room, @Nullable String detail) {
    keep(kind, who, room, null, 0, detail, null);
  }

  /**
   * A request of a connection is refused. Of many refusals some are not remembered, so that a
   * client that sends too much does not displace all other events.
   */
  public void refused(EventKind kind, Recipient who, @Nullable String room, String why) {
    if (!isOn()) {
      return;
    }
    long now = clock.getAsLong();
    if (now - refusalsSince >= SECOND) {
      refusalsSince = now;
      refusals = 0;
    }
    if (refusals++ < MOST_REFUSALS) {
      add(kind, who, room, why);
    }
  }

  /** A connection ends, or its attributes change. */
  public void addWith(
      EventKind kind, Recipient who, Map<String, String> attributes, @Nullable String detail) {
    keep(kind, who, null, null, 0, detail, shortened(attributes));
  }

  /**
   * An audience as it is remembered: clients choose its texts, which may be as long as a message.
   */
  public static Audience shortened(Audience audience) {
    String value = audience.value();
    boolean isShort =
        audience.key().length() <= LONGEST_AUDIENCE
            && (value == null || value.length() <= LONGEST_AUDIENCE);
    return isShort
        ? audience
        : new Audience(
            shortened(audience.key(), LONGEST_AUDIENCE),
            value == null ? null : shortened(value, LONGEST_AUDIENCE));
  }

  private static String shortened(String text, int longest) {
    return text.length() <= longest ? text : text.substring(0, longest);
  }

  private static @Nullable Map<String, String> shortened(Map<String, String> attributes) {
    int length = 0;
    for (Map.Entry<String, String> each : attributes.entrySet()) {
      length += each.getKey().length() + each.getValue().length();
    }
    return length > LONGEST_ATTRIBUTES ? null : attributes;
  }

  private boolean isOn() {
    return events != null || traces != null;
  }

  private void keep(
      EventKind kind,
      Recipient who,
      @Nullable String room,
      @Nullable Cursor place,
      long from,
      @Nullable String detail,
      @Nullable Map<String, String> attributes) {
    if (!isOn()) {
      return;
    }
    String shorter = detail == null ? null : shortened(detail, LONGEST_DETAIL);
    long now = clock.getAsLong();
    if (events != null) {
      events.add(now, kind, who, room, place, from, shorter, attributes);
    }
    if (traces != null) {
      trace(event(now, kind, who, room, place, from, shorter, attributes));
    }
  }

  private static Event event(
      long now,
      EventKind kind,
      @Nullable Recipient who,
      @Nullable String room,
      @Nullable Cursor place,
      long from,
      @Nullable String detail,
      @Nullable Map<String, String> attributes) {
    User user = who == null ? null : who.user();
    return new Event(
        now,
        kind,
        room,
        place == null ? null : place.epoch(),
        who == null ? "" : who.id(),
        user == null ? null : user.id(),
        user == null ? null : user.name(),
        from,
        place == null ? 0 : place.offset(),
        detail,
        attributes);
  }

  // --- what is remembered ----------------------------------------------------------------------

  /** Whether this loop remembers events. */
  public boolean remembers() {
    return events != null;
  }

  /**
   * The events about a room, or about all rooms, that pass a filter, the oldest first; the newest
   * of them if there are too many.
   */
  public List<Event> events(String room, Predicate<Event> filter, int most) {
    return events == null ? List.of() : events.select(room, filter, most);
  }

  /** The messages of a room from a place on that are remembered, by their offsets. */
  public Map<Long, RememberedMessage> messages(String room, Cursor first, int count) {
    return messages == null ? Map.of() : messages.find(room, first, count);
  }

  /** The place of the newest message of a room; null if none is remembered. */
  public @Nullable Cursor last(String room) {
    return messages == null ? null : messages.last(room);
  }

  /** Since when events are remembered, by the clock of durations. */
  public long eventsSince() {
    return events == null ? clock.getAsLong() : events.since(start);
  }

  /** Since when messages are remembered, by the clock of durations. */
  public long messagesSince() {
    return messages == null ? clock.getAsLong() : messages.since(start);
  }

  // --- traces ----------------------------------------------------------------------------------

  /** Passes events to a trace from now on. */
  public void begin(Trace trace) {
    Trace[] before = traces == null ? new Trace[0] : traces;
    var more = Arrays.copyOf(before, before.length + 1);
    more[before.length] = trace;
    traces = more;
  }

  /** Passes no more events to a trace. */
  public void end(Trace trace) {
    if (traces != null) {
      Trace[] rest = Arrays.stream(traces).filter(each -> each != trace).toArray(Trace[]::new);
      traces = rest.length == 0 ? null : rest;
    }
  }

  private void trace(Event event) {
    if (traces != null) {
      for (Trace each : traces) {
        each.offer(event);
      }
    }
  }
}
