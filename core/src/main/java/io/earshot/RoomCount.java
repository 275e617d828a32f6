package io.earshot;

/**
 * A room and the number of its members.
 *
 * <p>Immutable.
 *
 * @param room the room's name
 * @param members the number of its members on this server
 */
public record RoomCount(String room, int members) {}
