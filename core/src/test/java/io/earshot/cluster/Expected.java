package io.earshot.cluster;

import io.earshot.testing.HubEvent;
import io.earshot.testing.HubEvent.Kind;

/**
 * The posts of a room that a client has to have received in the end: all for it after one event and
 * before another.
 *
 * <p>Owned by the test's thread.
 */
final class Expected {
  final SimulatedClient client;
  final String room;
  final String id;
  private final int after;

  /** The number of the event before which it ends. */
  int before;

  /** Up to this event the client had no groups. */
  private final int noGroupsUntil;

  /** Up to this event only what somebody said has to have come. */
  private int saidUntil = -1;

  Expected(SimulatedClient client, String room, int after, int before, int noGroupsUntil) {
    this.client = client;
    this.room = room;
    this.id = client.id();
    this.after = after;
    this.before = before;
    this.noGroupsUntil = noGroupsUntil;
  }

  void mayLackAnnouncements(int until) {
    saidUntil = until;
  }

  boolean includes(HubEvent event) {
    return after < event.at
        && event.at < before
        && event.kind == Kind.POSTED
        && event.room.equals(room)
        && !event.isLost
        && (event.at > saidUntil || !HubEvents.isAnnouncement(event))
        && (event.at > noGroupsUntil || !HubEvents.isForGroup(event))
        && HubEvents.isFor(event, id, client.groups);
  }

  @Override
  public String toString() {
    return "%s in %s on server %d, after %d and before %d; received %s"
        .formatted(id, room, client.server(), after, before, client.streams().received());
  }
}
