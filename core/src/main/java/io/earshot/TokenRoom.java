package io.earshot;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;

/**
 * What {@link PrivateRoom} says, done.
 */
final class TokenRoom implements PrivateRoom {
  private final Earshot earshot;
  private final String name;

  TokenRoom(Earshot earshot, String name) {
    this.earshot = earshot;
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
    Instant until = Instant.ofEpochMilli(earshot.now()).plus(lifetime);
    return earshot.gate().tokens().mint(new Grant(name, identity, allowed, until));
  }

  @Override
  public String toString() {
    return name;
  }
}
