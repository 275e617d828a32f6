package io.earshot.connection;

import io.earshot.room.Shard;

/**
 * One event loop, as the connections on it see it. Immutable; it stands for two references in each.
 *
 * @param shard the loop, and the rooms on it
 * @param engine what all connections share
 */
public record LoopContext(Shard shard, EngineContext engine) {}
