package io.earshot.netty;

import io.earshot.protocol.Cursor;
import org.jspecify.annotations.Nullable;

/**
 * Which room somebody wants to be in from the start.
 *
 * <p>Immutable.
 *
 * @param room the room's name, a valid one
 * @param after what they know of it already, or null
 * @param token what lets them in there, or null
 */
record Visit(String room, @Nullable Cursor after, @Nullable String token) {}
