package io.earshot.spi;

import io.netty.buffer.ByteBuf;

/**
 * A batch of messages in the forms in which a wire sends it. Each form is made when it is asked for
 * first, and then shared by all recipients.
 *
 * <p>A class and not an interface, since a fan-out calls it for each member.
 *
 * <p>Owned by the event loop of the recipients, until {@link #release}.
 */
public abstract class Packing {

  /** For the wires that send batches in other forms. */
  protected Packing() {}

  /**
   * The batch for recipients that get all of it, in one write.
   *
   * @return the bytes, which this object owns
   */
  public abstract ByteBuf whole();

  /**
   * The batch for recipients that get some of its messages: each message can be read without the
   * others.
   *
   * @return the bytes, which this object owns
   */
  public abstract ByteBuf parts();

  /**
   * Where a message is in {@link #parts}.
   *
   * @param place where the message begins or ends in the batch
   * @return where it begins or ends in the parts
   */
  public abstract int inParts(int place);

  /** Releases the bytes. */
  public abstract void release();
}
