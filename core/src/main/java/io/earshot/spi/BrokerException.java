package io.earshot.spi;

import java.lang.System.Logger.Level;
import java.util.concurrent.CompletionException;

/** Something that servers do together was not done. The message is for the client who asked. */
public final class BrokerException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final System.Logger LOG = System.getLogger(BrokerException.class.getName());

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

  /**
   * What is to be said to a client of something that a broker did not do.
   *
   * @param failure why not
   * @return an error, in words for the client
   */
  public static String explained(Throwable failure) {
    Throwable cause = cause(failure);
    if (!(cause instanceof BrokerException)) {
      LOG.log(Level.ERROR, "a fault in the cluster", cause);
      return "Error: The server experienced an internal error";
    }
    return "Error: " + cause.getMessage();
  }

  /**
   * What a stage failed with.
   *
   * @param failure what its dependents are told
   * @return the cause of that
   */
  public static Throwable cause(Throwable failure) {
    return failure instanceof CompletionException && failure.getCause() != null
        ? failure.getCause()
        : failure;
  }
}
