package io.earshot.bench.peer;

import io.earshot.bench.cell.Cell;
import io.earshot.bench.work.Transport;
import java.util.List;

/** Builds and starts one server. */
public interface Launcher {
  /**
   * Downloads and builds what the server needs, unless an earlier run has done so.
   *
   * @return the server's version
   * @throws UnavailableException if that is not possible on this machine
   */
  String prepare(Environment environment) throws UnavailableException, InterruptedException;

  /** The command that serves one transport on a port. Its process has to be the server itself. */
  List<String> command(Environment environment, Cell cell, Transport transport, int port);
}
