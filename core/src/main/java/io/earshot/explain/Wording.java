package io.earshot.explain;

import io.earshot.events.Event;
import io.earshot.events.EventKind;
import io.earshot.explain.Facts.Client;
import io.earshot.protocol.Audience;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sentences about one message and one connection.
 *
 * <p>Immutable.
 *
 * @param who the user, or the connection
 * @param room the name of the room
 * @param offset the offset of the message
 * @param at the time of the message, by the clock of durations
 * @param client the connection
 * @param wallOffset what to add to a time for milliseconds since 1970
 */
record Wording(String who, String room, long offset, long at, Client client, long wallOffset) {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneOffset.UTC);

  long wallTime(long elapsed) {
    return elapsed + wallOffset;
  }

  String time(long elapsed) {
    return time(elapsed, wallOffset);
  }

  static String time(long elapsed, long wallOffset) {
    return TIME.format(Instant.ofEpochMilli(elapsed + wallOffset)) + " UTC";
  }

  private String message() {
    return "message " + offset + " of " + room;
  }

  private String onConnection() {
    return " on connection " + client.id();
  }

  private String missed(String why) {
    return who + " did not receive " + message() + onConnection() + ": " + why + ".";
  }

  // --- received --------------------------------------------------------------------------------

  String sent() {
    return who
        + " sent "
        + message()
        + " at "
        + time(at)
        + onConnection()
        + "; a sender does not receive its own message.";
  }

  String announced() {
    return "Message "
        + offset
        + " of "
        + room
        + " announced at "
        + time(at)
        + " that "
        + who
        + " joined or left"
        + onConnection()
        + "; a connection does not receive the announcement about itself.";
  }

  String received(Stay stay, List<Event> events) {
    return who
        + " received "
        + message()
        + " at "
        + time(at)
        + onConnection()
        + ", "
        + fate(stay, events)
        + ".";
  }

  private String fate(Stay stay, List<Event> events) {
    if (stay.loss() != null) {
      return "written to the socket; that connection was lost at "
          + time(stay.loss().at())
          + ", so the client may not have read it";
    }
    for (Event event : events) {
      if (event.kind() == EventKind.CLOSED && event.at() >= at) {
        return "written to the socket; the connection ended at "
            + time(event.at())
            + " ("
            + event.detail()
            + ")";
      }
    }
    if (client.hasQueue()) {
      return "put into its message queue, from which it fetches messages by HTTP; "
          + bytes(client.pending());
    }
    return client.isHere()
        ? "written to the socket; " + bytes(client.pending())
        : "written to the socket";
  }

  private static String bytes(int pending) {
    return pending == 1 ? "1 byte waits" : pending + " bytes wait";
  }

  String recovered(Stay stay) {
    String when = stay.begin() == null ? "" : " at " + time(stay.begin().at());
    return who
        + " received "
        + message()
        + when
        + onConnection()
        + ", with the earlier messages that were sent as the client came"
        + cursor(stay.entry())
        + ".";
  }

  private static String cursor(@Nullable Event entry) {
    if (entry == null) {
      return "";
    }
    String how = entry.kind() == EventKind.RESUMED ? " back to its session" : "";
    return entry.detail() == null ? how : how + " with the cursor " + entry.detail();
  }

  // --- not received ----------------------------------------------------------------------------

  String notInAudience(Audience audience, @Nullable String value) {
    String its =
        audience.key().equals("id")
            ? "its id is " + value
            : value == null
                ? "it had no attribute " + audience.key()
                : "its attribute " + audience.key() + " was " + value;
    return missed("the message was for " + named(audience) + ", and " + its);
  }

  private static String named(Audience audience) {
    return audience.key() + "=" + (audience.value() == null ? "(no value)" : audience.value());
  }

  String unknownAttributes(Audience audience) {
    return "Unknown: message "
        + offset
        + " was for "
        + named(audience)
        + ", and the server does not remember the attributes of connection "
        + client.id()
        + ".";
  }

  String leftOut(Event lag) {
    return missed(
        "it was left out by the room's rule for slow consumers; when the client read again at "
            + time(lag.at())
            + ", it was told of a gap in messages "
            + lag.from()
            + " to "
            + lag.to());
  }

  String leftOutNow() {
    return missed(
        "it is left out by the room's rule for slow consumers; "
            + bytes(client.pending())
            + " for the client to read them");
  }

  String gap(Stay stay, Event entry) {
    long when = stay.begin() == null ? entry.at() : stay.begin().at();
    return missed(
        "the client came"
            + cursor(entry)
            + " at "
            + time(when)
            + ", and the server no longer had the messages after that; it was told of a gap");
  }

  String lost(Event lost, @Nullable Event after) {
    String later =
        after == null
            ? client.state() != null && client.state().away()
                ? ", and the client has not come back; the room keeps its place"
                : ", and the client has not come back"
            : ", and the client came back at "
                + time(after.at())
                + " and received the messages from "
                + after.from()
                + " on";
    return missed("its connection was lost at " + time(lost.at()) + after(lost) + later);
  }

  private static String after(Event event) {
    return event.epoch() == null ? "" : " after message " + event.to();
  }

  String gone(Event gone, @Nullable Event after) {
    String how =
        switch (gone.kind()) {
          case SILENCED -> "it stopped listening at " + time(gone.at()) + after(gone);
          case CLOSED -> "the connection ended at " + time(gone.at()) + " (" + gone.detail() + ")";
          case MOVED -> "its session went to another server at " + time(gone.at()) + after(gone);
          default -> "it left the room at " + time(gone.at()) + after(gone);
        };
    return missed(after == null ? how : how + ", and came again at " + time(after.at()));
  }

  String cameLater(Event after) {
    return missed(
        "it was not in the room at "
            + time(at)
            + "; it came at "
            + time(after.at())
            + ", and the first message for it was "
            + after.from());
  }

  String joinRefused(Event refused) {
    return missed(
        "its request to enter the room was refused at "
            + time(refused.at())
            + ": "
            + withoutEnd(String.valueOf(refused.detail())));
  }

  private static String withoutEnd(String sentence) {
    return sentence.endsWith(".") ? sentence.substring(0, sentence.length() - 1) : sentence;
  }

  String elsewhere() {
    return missed("it is not in the room and does not listen to it");
  }

  String wasElsewhere() {
    return missed("it was not in the room and did not listen to it");
  }

  String unknown(long since) {
    return "Unknown: the server remembers only since "
        + time(since)
        + "; "
        + message()
        + " is older.";
  }
}
