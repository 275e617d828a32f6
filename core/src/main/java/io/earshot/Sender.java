package io.earshot;

/** Whom a broadcast is from: a connection, or a {@link StandIn} for one. */
public sealed interface Sender permits Connection, StandIn {}
