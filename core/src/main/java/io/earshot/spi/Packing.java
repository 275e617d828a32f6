package io.earshot.spi;

import io.netty.buffer.ByteBuf;

/**
 * A batch of messages in the forms in which a wire sends it. Each form is made when it is asked for
 * first, and then shared by all recipients.
 *
 * <p>Owned by the event loop of the recipients, until {@link #release}.
 */
public interface Packing {

  /**
   * The batch for recipients that get all of it, in one write.
   *
   * @return the bytes, which this object owns
   */
  ByteBuf whole();

  /**
   * The batch for recipients that get some of its messages: each message can be read without the
   * others.
   *
   * @return the bytes, which this object owns
   */
  ByteBuf parts();

  /**
   * Where a message is in {@link #parts}.
   *
   * @param place where the message begins or ends in the batch
   * @return where it begins or ends in the parts
   */
  int inParts(int place);

  /** Releases the bytes. */
  void release();
}
