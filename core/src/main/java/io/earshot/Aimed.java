package io.earshot;

import io.earshot.protocol.Audience;

/**
 * A connection as the sender of a message to some recipients only. The connection's own params
 * {@code roomMatchKey} and {@code roomMatchValue} do not count.
 *
 * <p>Immutable.
 *
 * @param connection the sender
 * @param audience the recipients
 */
public record Aimed(Connection connection, Audience audience) implements Sender {}
