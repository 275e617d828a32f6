package io.earshot.protocol;

/**
 * A request for an {@link Excerpt} of one room.
 *
 * <p>Immutable.
 *
 * @param room the room's name
 * @param start the position after which to begin; without one, the last messages of the history,
 *     announcements included. With {@link Start#history}, that many earlier messages if the
 *     position does not lead to any
 * @param limit the largest number of messages after the position; 0 for the room's current position
 *     alone
 */
public record ExcerptRequest(String room, Start start, int limit) {}
