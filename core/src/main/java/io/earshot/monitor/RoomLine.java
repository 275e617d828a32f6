package io.earshot.monitor;

import java.util.Comparator;

/**
 * A room in a list of rooms.
 *
 * <p>Immutable.
 *
 * @param room the room's name
 * @param members its members; in a cluster those of this server
 * @param rate its messages a second since somebody looked last; -1 if nobody has looked lately
 * @param waitingBytes the bytes that wait for slow consumers who are in the room
 */
public record RoomLine(String room, int members, double rate, long waitingBytes) {
  static final Comparator<RoomLine> BY_NAME = Comparator.comparing(RoomLine::room);
}
