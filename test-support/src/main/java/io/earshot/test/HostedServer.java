package io.earshot.test;

import io.earshot.netty.EarshotServer;

/** A server, and what starts and stops it. */
interface HostedServer {

  /** The server that runs now. */
  EarshotServer server();

  /** Stops the server, and starts another with the same settings. */
  void restart();

  /** A token by which a client logs in as a user. */
  String token(String user);

  /** Ends what the test has started. */
  void close();
}
