package io.earshot.metrics;

import io.earshot.stats.Counter;
import io.earshot.stats.Gauge;
import io.micrometer.core.instrument.Tags;

/** Rooms, their messages and their history. */
final class MessageMeters {
  private MessageMeters() {}

  static void addTo(Meters meters) {
    meters.gauge(
        "rooms",
        "Rooms that have members or listeners.",
        server -> server.stats().sum(Gauge.ROOMS));
    meters.counter(
        "messages",
        "Messages of rooms, each counted once for all members.",
        Tags.empty(),
        server -> server.stats().sum(Counter.MESSAGES));
    meters.counter(
        "deliveries",
        "Messages that were sent to members, each counted once for each member.",
        Tags.empty(),
        server -> server.stats().sum(Counter.DELIVERIES));
    meters.counter(
        "received",
        "bytes",
        "Bytes that clients have sent over TCP, WebSocket and streams, without those of TLS.",
        Tags.empty(),
        server -> server.stats().sum(Counter.RECEIVED_BYTES));
    meters.counter(
        "sent",
        "bytes",
        "Bytes that were sent to clients over TCP, WebSocket and streams, without those of TLS.",
        Tags.empty(),
        server -> server.stats().sum(Counter.SENT_BYTES));
    meters.bytes(
        "history",
        "Bytes of messages that rooms remember.",
        server -> server.stats().sum(Gauge.HISTORY_BYTES));
    if (meters.server().state().isHistoryStored() != null) {
      meters.gauge(
          "history.writable",
          "Whether the history of all rooms is written to files (1), or the disk is full or fails"
              + " (0).",
          ignored -> Boolean.TRUE.equals(meters.state().isHistoryStored()) ? 1 : 0);
    }
  }
}
