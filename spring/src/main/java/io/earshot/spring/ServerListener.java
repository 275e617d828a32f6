package io.earshot.spring;

import io.earshot.netty.EarshotServer;

/** Learns of the server's starts and stops. */
interface ServerListener {
  /** The server runs; its ports are open. */
  void started(EarshotServer server);

  /** The server is about to stop. */
  void stopping();
}
