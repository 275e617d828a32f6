package io.earshot;

/**
 * One event loop, as the connections on it see it. Immutable; it stands for two references in each.
 *
 * @param shard the loop, and the rooms on it
 * @param host what all connections share
 */
record LoopContext(Shard shard, EngineContext engine) {}
