package io.earshot;

import io.earshot.protocol.Audience;

/**
 * A connection that speaks to some only, whatever its params say.
 *
 * <p>Immutable.
 *
 * @param connection who speaks
 * @param audience whom to reach
 */
public record Aimed(Connection connection, Audience audience) implements Sender {}
