package io.earshot.events;

import io.earshot.protocol.Audience;
import org.jspecify.annotations.Nullable;

/**
 * What a loop remembers of a message.
 *
 * @param at when the server delivered it, by the clock of durations, in milliseconds
 * @param sender the {@link Recipient#idHash} of the connection that sent it and does not receive
 *     it; 0 for none here
 * @param audience the members that receive it, as {@link Recorder#shortened} has it; null for all
 */
public record RememberedMessage(long at, int sender, @Nullable Audience audience) {}
