package io.earshot.spi;

import java.lang.System.Logger.Level;
import java.util.concurrent.CompletionException;

/** A broker did not do what a server asked of it. The message is an error for the client. */
public final class BrokerException extends RuntimeException {
  /**
   * The text for a client whose request failed because of a fault of the server; the described
   * system's own.
   */
  public static final String INTERNAL_ERROR = "The server experienced an internal error";

  private static final long serialVersionUID = 1;
  private static final System.Logger LOG = System.getLogger(BrokerException.class.getName());

  private final boolean maybeDone;

  /**
   * A request failed.
   *
   * @param message the reason, for a client
   * @param maybeDone whether the request may have been done all the same
   */
  public BrokerException(String message, boolean maybeDone) {
    super(message, null, false, false);
    this.maybeDone = maybeDone;
  }

  /**
   * Whether the request may have been done.
   *
   * @return true if this server cannot know
   */
  public boolean maybeDone() {
    return maybeDone;
  }

  /**
   * The error for the client whose request failed. A failure that is no {@code BrokerException} is
   * a bug, and is logged.
   *
   * @param failure the failure of a broker's stage
   * @return the error
   */
  public static String explained(Throwable failure) {
    Throwable cause = cause(failure);
    if (!(cause instanceof BrokerException)) {
      LOG.log(Level.ERROR, "a request to the cluster failed because of a bug", cause);
      return "Error: " + INTERNAL_ERROR;
    }
    return "Error: " + cause.getMessage();
  }

  /**
   * The failure of a stage, without the wrappers that dependent stages add.
   *
   * @param failure the failure as a dependent stage has it
   * @return the original failure
   */
  public static Throwable cause(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
