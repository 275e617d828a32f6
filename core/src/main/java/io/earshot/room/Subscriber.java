package io.earshot.room;

import io.earshot.Connection;
import io.earshot.protocol.Audience;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Whoever hears rooms: what these know of a connection.
 *
 * <p>A class and not an interface, since a room calls {@link #deliver} for each member.
 */
public abstract class Subscriber implements Connection {

  /** The event loop that it lives on. */
  public abstract Shard shard();

  /** How what it hears is framed. */
  public abstract Wire wire();

  /** Whether this is its id; for those who ask many, since an id is put into words when asked. */
  public abstract boolean hasId(String id);

  /** Hands over bytes that a room framed; they are borrowed. May end the connection. */
  public abstract void deliver(ByteBuf bytes, int offset, int length);

  /** Whether it has not read for a while what it was told. */
  public abstract boolean isBehind();

  /** Begins to leave out for a member what its room tells, until it has caught up. */
  public abstract Lag newLag(Member member);

  /** Tells a member what was left out, and what of it is kept. */
  public abstract void catchUp(Member member);

  /** Runs a task on this connection's loop: now if that is where the caller is. */
  public final void tell(Runnable task) {
    shard().tell(task);
  }

  /** Whether an audience includes it. */
  final boolean isMeant(Audience audience) {
    String value = audience.value();
    return value != null
        && (audience.key().equals("id")
            ? hasId(value)
            : value.equals(attributes().get(audience.key())));
  }

  /**
   * Whether it is to hear a message.
   *
   * @param speaker the id of who said it and is not to hear it, or null
   * @param audience whom it is for, or null for all
   */
  public final boolean isFor(@Nullable String speaker, @Nullable Audience audience) {
    return (speaker == null || !hasId(speaker)) && (audience == null || isMeant(audience));
  }
}
