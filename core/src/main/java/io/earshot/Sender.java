package io.earshot;

/**
 * Whom a broadcast is from: a connection, one that is {@link Aimed}, or a {@link StandIn} for one.
 */
public sealed interface Sender permits Connection, Aimed, StandIn {}
