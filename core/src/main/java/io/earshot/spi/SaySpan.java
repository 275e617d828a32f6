package io.earshot.spi;

import org.jspecify.annotations.Nullable;

/**
 * The span of one say. Each method is called at most once, on the loop where that happens; none may
 * block or throw.
 */
public interface SaySpan {

  /** The room is asked to give the message its place. */
  void ordering();

  /**
   * The room has answered.
   *
   * @param offset the offset of the message; -1 if it was refused
   */
  void ordered(long offset);

  /** The message is handed to the members on the loop of the room, which are sent it soon. */
  void delivering();

  /** They were sent it. */
  void delivered();

  /**
   * The sender has its answer.
   *
   * @param refusal why the message was refused; null if it was not
   */
  void ended(@Nullable String refusal);
}
