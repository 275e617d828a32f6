package io.earshot.protocol;

import org.jspecify.annotations.Nullable;

/**
 * A command with its message id.
 *
 * <p>Immutable.
 *
 * @param command the command
 * @param messageId the value to repeat in the reply; null if the client sent none
 */
public record Request(Command command, @Nullable Json messageId) {

  /**
   * A request for input that is not a command.
   *
   * @param error the error, for the client that sent the input
   * @return a request that is answered with the error
   */
  public static Request malformed(String error) {
    return new Request(new Command.Malformed(error), null);
  }
}
