package io.earshot.connection;

import io.earshot.room.Shard;

/**
 * One event loop and its server, for the connections on the loop: one reference for each of them
 * instead of two. Immutable.
 *
 * @param shard the loop, and the rooms on it
 * @param engine the parts that all connections use
 * @param newcomers the connections that are not announced yet
 * @param signalRates how many signals the connections have sent
 */
public record LoopContext(
    Shard shard, EngineContext engine, Newcomers newcomers, SignalRates signalRates) {}
