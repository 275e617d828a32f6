package io.earshot;

/**
 * The sender of a broadcast: a connection, an {@link Aimed} connection, or a {@link StandIn} for a
 * connection.
 */
public sealed interface Sender permits Connection, Aimed, StandIn {}
