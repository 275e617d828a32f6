package io.earshot.spi;

import io.earshot.protocol.Json;

/**
 * A login by a token that was verified.
 *
 * <p>Immutable.
 *
 * @param login the login
 * @param claims all claims of the token
 */
public record VerifiedLogin(Login login, Json.Obj claims) {}
