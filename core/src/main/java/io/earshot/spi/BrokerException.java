package io.earshot.spi;

/** Something that servers do together was not done. The message is for the client who asked. */
public final class BrokerException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final boolean maybeDone;

  /**
   * Not done.
   *
   * @param message why, for a client
   * @param maybeDone whether it may have been done all the same
   */
  public BrokerException(String message, boolean maybeDone) {
    super(message, null, false, false);
    this.maybeDone = maybeDone;
  }

  /**
   * Whether it may have been done.
   *
   * @return true if nobody here knows
   */
  public boolean maybeDone() {
    return maybeDone;
  }
}
