package io.earshot.spi;

/**
 * A client that does not read what is sent to it.
 *
 * <p>Immutable.
 *
 * @param client the client's connection
 * @param bytes how many bytes waited for it when the loop looked last
 */
public record SlowClient(Intake client, int bytes) {}
