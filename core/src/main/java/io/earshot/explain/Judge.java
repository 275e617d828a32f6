package io.earshot.explain;

import io.earshot.connection.Directory;
import io.earshot.events.Event;
import io.earshot.events.EventKind;
import io.earshot.events.Recorder;
import io.earshot.explain.Facts.Client;
import io.earshot.explain.Facts.Message;
import io.earshot.protocol.Audience;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Decides what became of one message for one connection, by the facts of one server.
 *
 * <p>Immutable.
 */
final class Judge {
  private final Facts facts;
  private final Message message;
  private final Client client;
  private final List<Event> events;
  private final Wording words;
  private final boolean isComplete;
  private final List<Stay> stays;

  /**
   * A judge of one message and one connection.
   *
   * @param events what happened to the connection
   */
  Judge(Facts facts, Message message, Client client, List<Event> events, Wording words) {
    this.facts = facts;
    this.message = message;
    this.client = client;
    this.events = events;
    this.words = words;
    this.isComplete = message.at() >= facts.eventsSince();
    this.stays = Stay.of(events, message.place(), message.at(), client.state(), isComplete);
  }

  Finding finding() {
    if (isSender()) {
      return found(Outcome.SENDER, message.isAnnouncement() ? words.announced() : words.sent());
    }
    Finding best = null;
    for (int i = 0; i < stays.size(); i++) {
      Finding each = isDisproved(i) ? null : during(stays.get(i));
      if (each != null && (best == null || each.outcome().compareTo(best.outcome()) < 0)) {
        best = each;
      }
    }
    if (best != null && (best.outcome() != Outcome.GAP)) {
      return best;
    }
    Finding outside = outside();
    return best == null || outside.outcome().compareTo(best.outcome()) < 0 ? outside : best;
  }

  /** Whether a client that was lost came back with a cursor from before the message. */
  private boolean isDisproved(int stay) {
    return stay + 1 < stays.size()
        && stays.get(stay).loss() != null
        && stays.get(stay + 1).lacks(message.place());
  }

  private Finding found(Outcome outcome, String text) {
    return new Finding(
        outcome,
        message.place().offset(),
        message.place().epoch(),
        words.wallTime(message.at()),
        client.id(),
        text);
  }

  private long offset() {
    return message.place().offset();
  }

  private boolean isSender() {
    return client.id().equals(message.speaker())
        || (message.sender() != 0 && message.sender() == Directory.hash(client.id()));
  }

  // --- while it was subscribed -----------------------------------------------------------------

  private @Nullable Finding during(Stay stay) {
    if (offset() < stay.from()
        && stay.beginsWithGap()
        && stay.entry() != null
        && stay.mayLack(message.place())) {
      return found(Outcome.GAP, words.gap(stay, stay.entry()));
    }
    if (!stay.contains(offset())) {
      return null;
    }
    Audience audience = message.audience();
    if (audience != null) {
      boolean isById = audience.key().equals("id");
      Map<String, String> attributes = isById ? Map.of("id", client.id()) : attributes();
      if (attributes == null) {
        return found(Outcome.UNKNOWN, words.unknownAttributes(audience));
      }
      String value = attributes.get(audience.key());
      if (value == null || !isMeant(value, audience)) {
        return found(Outcome.NOT_IN_AUDIENCE, words.notInAudience(audience, value));
      }
    }
    if (offset() <= stay.live()) {
      return found(Outcome.RECOVERED, words.recovered(stay));
    }
    Event lag = lag();
    if (lag != null) {
      return found(Outcome.LEFT_OUT, words.leftOut(lag));
    }
    if (isLeftOutNow()) {
      return found(Outcome.LEFT_OUT, words.leftOutNow());
    }
    return found(Outcome.RECEIVED, words.received(stay, events));
  }

  /** Compares as much of the value as is remembered. */
  private static boolean isMeant(String value, Audience audience) {
    Audience its = Recorder.shortened(new Audience(audience.key(), value));
    return its.equals(Recorder.shortened(audience));
  }

  /** The attributes at the time of the message; null if they are not known. */
  private @Nullable Map<String, String> attributes() {
    for (Event event : events) {
      boolean isChange = event.kind() == EventKind.ATTRIBUTES && event.at() > message.at();
      boolean isEnd = event.kind() == EventKind.CLOSED && event.at() >= message.at();
      if (isChange || isEnd) {
        return event.attributes();
      }
    }
    return client.isHere() && isComplete ? client.attributes() : null;
  }

  private @Nullable Event lag() {
    for (Event event : events) {
      if (event.kind() == EventKind.LAG_ENDED
          && message.place().epoch().equals(event.epoch())
          && event.from() <= offset()
          && offset() <= event.to()
          && !List.of(String.valueOf(event.detail()).split(",")).contains("" + offset())) {
        return event;
      }
    }
    return null;
  }

  private boolean isLeftOutNow() {
    return client.lagsFrom() != null
        && client.lagsFrom().epoch().equals(message.place().epoch())
        && client.lagsFrom().offset() <= offset();
  }

  // --- while it was not ------------------------------------------------------------------------

  private Finding outside() {
    if (!isComplete) {
      return found(Outcome.UNKNOWN, words.unknown(facts.eventsSince()));
    }
    Event before = null;
    Event after = null;
    Event refused = null;
    for (Event event : events) {
      boolean isAfter = isAfterMessage(event);
      switch (event.kind()) {
        case DETACHED, LEFT, SILENCED, MOVED, CLOSED -> {
          if (!isAfter && !isLessTelling(before, event)) {
            before = event;
          }
        }
        case SUBSCRIBED -> {
          if (isAfter && after == null) {
            after = event;
          } else if (!isAfter) {
            before = null;
          }
        }
        case JOIN_REFUSED -> refused = isAfter ? refused : event;
        default -> {}
      }
    }
    if (before != null && before.kind() == EventKind.DETACHED) {
      return found(Outcome.CONNECTION_LOST, words.lost(before, after));
    }
    if (before != null) {
      return found(Outcome.NOT_A_MEMBER, words.gone(before, after));
    }
    if (after == null && refused != null) {
      return found(Outcome.JOIN_REFUSED, words.joinRefused(refused));
    }
    return found(
        Outcome.NOT_A_MEMBER,
        after != null
            ? words.cameLater(after)
            : client.isHere() ? words.elsewhere() : words.wasElsewhere());
  }

  /** Of a member that left as its connection ended, the end tells why; a lost one stays lost. */
  private static boolean isLessTelling(@Nullable Event before, Event event) {
    return before != null
        && (before.kind() == EventKind.CLOSED || before.kind() == EventKind.MOVED)
        && (event.kind() == EventKind.LEFT || event.kind() == EventKind.SILENCED);
  }

  private boolean isAfterMessage(Event event) {
    if (message.place().epoch().equals(event.epoch())) {
      return event.kind() == EventKind.SUBSCRIBED
          ? event.from() > offset()
          : event.to() >= offset();
    }
    return event.at() > message.at();
  }
}
