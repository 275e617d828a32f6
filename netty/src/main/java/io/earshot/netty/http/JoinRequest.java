package io.earshot.netty.http;

import io.earshot.protocol.Cursor;
import org.jspecify.annotations.Nullable;

/**
 * The room that a new connection joins first.
 *
 * <p>Immutable.
 *
 * @param room the room's name, a valid one
 * @param after the client's cursor in this room, or null
 * @param token the token that admits the client, or null
 */
public record JoinRequest(String room, @Nullable Cursor after, @Nullable String token) {}
