package io.earshot.netty;

/** Access to the inside of a server, for tests in other packages. */
public final class ServerInside {
  private ServerInside() {}

  /**
   * How many HTTP requests wait for a message.
   *
   * @param server the server
   * @return the number
   */
  public static int waitingPolls(EarshotServer server) {
    return server.waitingPolls();
  }
}
