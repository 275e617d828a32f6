package io.earshot.netty;

/** What tests in other packages need to know of the inside of a server. */
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
