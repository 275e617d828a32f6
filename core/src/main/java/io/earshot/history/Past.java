package io.earshot.history;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The messages that a client missed before it is subscribed.
 *
 * <p>Immutable.
 *
 * @param missed the messages for it
 * @param since the offset before those messages, or after those of the history
 * @param recovered whether no message after the client's cursor is missing; null without a cursor
 * @param history how many messages of the history begin {@code missed}; null if the client asked
 *     for none, or does not need them
 */
public record Past(
    List<StoredMessage> missed,
    long since,
    @Nullable Boolean recovered,
    @Nullable Integer history) {}
