package io.earshot.redis.say;

import io.earshot.redis.connection.Written;

/**
 * The names that a room has in Redis.
 *
 * <p>Immutable.
 *
 * @param head the key of the room's head
 * @param keys the keys of the head, the log and the members
 * @param channel the channel of its messages
 * @param signed what the signature of a message names
 * @param room the name of the room
 * @param part its part of the feed
 */
public record RoomNames(
    String head, Written keys, Written channel, String signed, String room, int part) {}
