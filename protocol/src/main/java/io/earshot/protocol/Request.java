package io.earshot.protocol;

import org.jspecify.annotations.Nullable;

/**
 * A command as it was sent.
 *
 * @param command what is asked
 * @param messageId what the client wants to see again in the reply, or null
 */
public record Request(Command command, @Nullable Json messageId) {

  /**
   * Input that made no command.
   *
   * @param error what was wrong with it, for whoever sent it
   * @return a request that is answered with the error
   */
  public static Request malformed(String error) {
    return new Request(new Command.Malformed(error), null);
  }
}
