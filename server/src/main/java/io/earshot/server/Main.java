package io.earshot.server;

import io.earshot.server.log.Log;
import java.io.PrintWriter;
import java.nio.charset.Charset;

/** The entry point of the server's process. */
final class Main {
  private Main() {}

  /**
   * Runs one command and ends the process with its exit status: 0 for success, 1 if the server
   * cannot start, 2 if a setting or an option is wrong.
   */
  public static void main(String[] args) {
    var out = new PrintWriter(System.out, true, charset("stdout.encoding"));
    var err = new PrintWriter(System.err, true, charset("stderr.encoding"));
    int status = EarshotCommand.run(System.getenv(), out, err, args);
    Log.end();
    System.exit(status);
  }

  private static Charset charset(String property) {
    return Charset.forName(System.getProperty(property), Charset.defaultCharset());
  }
}
