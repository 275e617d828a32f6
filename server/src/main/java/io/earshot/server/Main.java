package io.earshot.server;

import io.earshot.server.log.Log;
import java.io.PrintStream;
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
    PrintWriter out = writer(System.out, "stdout.encoding");
    PrintWriter err = writer(System.err, "stderr.encoding");
    int status = EarshotCommand.run(System.getenv(), out, err, args);
    Log.end();
    System.exit(status);
  }

  /** Writes to a standard stream, in the encoding that a property of the JVM names. */
  static PrintWriter writer(PrintStream stream, String property) {
    var charset = Charset.forName(System.getProperty(property), Charset.defaultCharset());
    return new PrintWriter(stream, true, charset);
  }
}
