package io.earshot.server;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;

/**
 * The result of a command that ran in this process.
 *
 * @param status its exit status
 * @param out its output
 * @param err its errors
 */
record Run(int status, String out, String err) {
  static Run of(String... args) {
    return of(Map.of(), args);
  }

  static Run of(Map<String, String> environment, String... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    int status = EarshotCommand.run(environment, new PrintWriter(out), new PrintWriter(err), args);
    return new Run(status, out.toString(), err.toString());
  }
}
