package io.earshot.server;

import java.io.PrintWriter;
import java.nio.charset.Charset;

/** Where the server's process begins. */
final class Main {
  private Main() {}

  /**
   * Runs one command and ends the process with its exit status: 0 if all went well, 1 if the server
   * could not start, 2 if it was told something that it cannot follow.
   */
  public static void main(String[] args) {
    var out = new PrintWriter(System.out, true, charset("stdout.encoding"));
    var err = new PrintWriter(System.err, true, charset("stderr.encoding"));
    System.exit(EarshotCommand.run(System.getenv(), out, err, args));
  }

  private static Charset charset(String property) {
    return Charset.forName(System.getProperty(property), Charset.defaultCharset());
  }
}
