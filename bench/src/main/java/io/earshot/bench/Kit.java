package io.earshot.bench;

import java.util.List;

/** How one server is had and started. */
interface Kit {
  /**
   * Fetches and builds what the server needs, if it is not there yet.
   *
   * @return its version
   * @throws Unavailable if it cannot be had here
   */
  String prepare(Workshop workshop) throws Unavailable, InterruptedException;

  /** The command that serves one door on a port. The process it becomes is the server. */
  List<String> command(Workshop workshop, Cell cell, Transport transport, int port);
}
