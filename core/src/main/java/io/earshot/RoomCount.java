package io.earshot;

/**
 * A room, and how many are in it.
 *
 * <p>Immutable.
 *
 * @param room the room's name
 * @param members how many of its members are on this server
 */
public record RoomCount(String room, int members) {}
