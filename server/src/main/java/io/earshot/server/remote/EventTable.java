package io.earshot.server.remote;

import io.earshot.protocol.Json;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Prints events, one a line. Stateless. */
final class EventTable {
  static final String HEAD = line("TIME (UTC)", "EVENT", "ROOM", "MESSAGES", "CONNECTION", "");
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneOffset.UTC);

  private EventTable() {}

  static String row(Json.Obj event) {
    String at = AdminClient.text(event, "at");
    String detail = AdminClient.text(event, "detail");
    String count = AdminClient.text(event, "count");
    String server = AdminClient.text(event, "server");
    return line(
        at.isEmpty() ? "" : TIME.format(Instant.ofEpochMilli(Long.parseLong(at))),
        AdminClient.text(event, "event"),
        AdminClient.text(event, "room"),
        messages(AdminClient.text(event, "from"), AdminClient.text(event, "to")),
        AdminClient.text(event, "connection"),
        (detail + " " + count + (server.isEmpty() ? "" : " (" + server + ")")).strip());
  }

  private static String messages(String from, String to) {
    return from.isEmpty() || from.equals(to) ? to : from + ".." + to;
  }

  private static String line(
      String time, String event, String room, String messages, String connection, String more) {
    String line =
        String.format(
            "%-12s  %-12s  %-16s  %-10s  %-32s  %s", time, event, room, messages, connection, more);
    return printable(line.stripTrailing());
  }

  /** On one line, and without characters that could command a terminal. */
  static String printable(String text) {
    return text.replaceAll("[\\r\\n\\t]+", " ").replaceAll("\\p{Cntrl}", "?");
  }
}
