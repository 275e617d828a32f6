package io.earshot.room;

import io.earshot.Connection;
import io.earshot.protocol.Audience;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * A connection as the recipient of room messages.
 *
 * <p>A class and not an interface, since a fan-out calls {@link #deliver} for each member.
 *
 * <p>Owned by the connection's event loop, except for {@link #shard}, {@link #wire} and {@link
 * #tell}, which any thread may call.
 */
public abstract class Subscriber implements Connection {

  /** The connection's event loop. */
  public abstract Shard shard();

  /** How messages to the connection are framed. */
  public abstract Wire wire();

  /** Whether the connection has this id; does not format the id, as {@link #id} does. */
  public abstract boolean hasId(String id);

  /** Sends bytes that a fan-out framed and still owns. May end the connection. */
  public abstract void deliver(ByteBuf bytes, int offset, int length);

  /** Whether too many bytes wait for the client to read them. */
  public abstract boolean isBehind();

  /** Begins to leave out the messages of a member's room, until {@link #catchUp}. */
  public abstract Lag newLag(Member member);

  /** Ends a member's lag: sends the notice of what was left out, and the messages kept of it. */
  public abstract void catchUp(Member member);

  /** Runs a task on this connection's loop: now if the caller is on that loop. */
  public final void tell(Runnable task) {
    shard().tell(task);
  }

  /** Whether the connection belongs to an audience. */
  final boolean isMeant(Audience audience) {
    String value = audience.value();
    return value != null
        && (audience.key().equals("id")
            ? hasId(value)
            : value.equals(attributes().get(audience.key())));
  }

  /**
   * Whether the connection receives a message.
   *
   * @param speaker the id of the member that sent the message and does not receive it; or null
   * @param audience the members that receive it; null for all
   */
  public final boolean isFor(@Nullable String speaker, @Nullable Audience audience) {
    return (speaker == null || !hasId(speaker)) && (audience == null || isMeant(audience));
  }
}
