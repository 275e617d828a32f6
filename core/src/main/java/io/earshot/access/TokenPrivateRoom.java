package io.earshot.access;

import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.PrivateRoom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;

/**
 * A private room that consists of its tokens.
 *
 * <p>Immutable.
 */
public final class TokenPrivateRoom implements PrivateRoom {
  private final Tokens tokens;
  private final InstantSource clock;
  private final String name;

  public TokenPrivateRoom(Tokens tokens, InstantSource clock, String name) {
    this.tokens = tokens;
    this.clock = clock;
    this.name = name;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String token(String identity, Duration lifetime) {
    return token(identity, lifetime, Set.of(Permission.values()));
  }

  @Override
  public String token(String identity, Duration lifetime, Set<Permission> allowed) {
    Instant until = Instant.ofEpochMilli(clock.millis()).plus(lifetime);
    return tokens.mint(new Grant(name, identity, allowed, until));
  }

  @Override
  public String toString() {
    return name;
  }
}
