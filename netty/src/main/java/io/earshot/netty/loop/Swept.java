package io.earshot.netty.loop;

/**
 * A socket with time limits. {@link NettyLoop} checks the limits of all its sockets once a second,
 * so that no socket needs a timer of its own.
 *
 * <p>All methods are called on the socket's event loop.
 */
public interface Swept {

  /**
   * Checks the time limits. Called once a second.
   *
   * @param now the seconds that the loop has run
   * @return whether the socket is still open
   */
  boolean sweep(int now);

  /** The server stops: ends the connection in order, or closes the socket where none began. */
  void stop();

  /** Closes the socket at once. */
  void close();

  /** Sends what waits for the end of this turn, if the socket has asked for it. */
  default void endTurn() {}
}
