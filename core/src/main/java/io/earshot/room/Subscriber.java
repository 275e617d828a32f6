package io.earshot.room;

import io.earshot.events.Recipient;
import io.earshot.history.History;
import io.earshot.history.StoredMessage;
import io.earshot.protocol.Audience;
import io.earshot.spi.Packing;
import io.earshot.spi.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * A connection as the recipient of room messages.
 *
 * <p>A class and not an interface, since a fan-out calls {@link #deliver} for each member.
 *
 * <p>Owned by the connection's event loop, except for {@link #shard}, {@link #wire} and {@link
 * #tell}, which any thread may call.
 */
public abstract class Subscriber implements Recipient {

  /** The connection's event loop. */
  public abstract Shard shard();

  /** How messages to the connection are framed. */
  public abstract Wire wire();

  /**
   * Whether lists of members may still show the connection as another server's: an HTTP client, or
   * a session that was resumed here. The connection belongs to this server all the same.
   */
  public abstract boolean mayBeListedElsewhere();

  /** Whether the connection has this id; does not format the id, as {@link #id} does. */
  public abstract boolean hasId(String id);

  /** Sends bytes that a fan-out framed and still owns. May end the connection. */
  public abstract void deliver(ByteBuf bytes, int offset, int length);

  /** Sends the messages that the client missed in a room. */
  public final void sendMissed(Collection<StoredMessage> missed) {
    if (missed.isEmpty()) {
      return;
    }
    ByteBuf batch = ByteBufAllocator.DEFAULT.directBuffer();
    Wire framing = wire().inBatches();
    missed.forEach(message -> framing.frame(message.json(), message.place(), batch));
    @Nullable Packing packing = wire().packing(batch);
    try {
      ByteBuf whole = packing == null ? batch : packing.whole();
      deliver(whole, whole.readerIndex(), whole.readableBytes());
    } finally {
      batch.release();
      if (packing != null) {
        packing.release();
      }
    }
  }

  /** How many bytes wait for the client to read them. */
  public abstract int pendingBytes();

  /** Whether too many bytes wait for the client to read them. */
  public abstract boolean isBehind();

  /** Whether the client has taken all earlier bytes, so that signals may be sent to it. */
  public abstract boolean takesSignals();

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

  /** Whether the connection may read an earlier message: one that is for it, or its own. */
  public final boolean mayRead(History.Entry entry) {
    Audience audience = entry.audience();
    String speaker = entry.speaker();
    return audience == null || isMeant(audience) || (speaker != null && hasId(speaker));
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
