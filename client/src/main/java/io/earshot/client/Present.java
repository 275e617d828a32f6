package io.earshot.client;

import io.earshot.protocol.User;
import org.jspecify.annotations.Nullable;

/**
 * Somebody in a room: a user, who may have several connections there, or a connection without a
 * login. Immutable.
 *
 * @param id the id of the user; that of the connection if it has not logged in
 * @param user the user; null for a connection that has not logged in
 */
public record Present(String id, @Nullable User user) {}
