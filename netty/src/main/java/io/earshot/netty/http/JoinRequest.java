package io.earshot.netty.http;

import io.earshot.protocol.Start;
import org.jspecify.annotations.Nullable;

/**
 * The room that a new connection joins first.
 *
 * <p>Immutable.
 *
 * @param room the room's name, a valid one
 * @param start where the messages of the room begin that the client receives
 * @param token the token that admits the client, or null
 */
public record JoinRequest(String room, Start start, @Nullable String token) {}
