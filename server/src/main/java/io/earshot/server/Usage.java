package io.earshot.server;

/** What the command line understands, for people. */
final class Usage {
  private static final String HEAD =
      """
      A real-time room server: what one says, the others in the room hear.

      Usage: earshot [serve | config | cert | build | help] [OPTIONS]

      """;

  private static final String TAIL =
      """

      Without a command it serves. ./earshot build  only builds.

      Settings come from the built-in defaults, then the file, then environment variables
      (EARSHOT_TCPSERVER_PORT=5001 is tcpServer.port), then options; who comes later counts.
      Times are numbers with ms, s, m or h; without a unit they are milliseconds.

      The launcher reads EARSHOT_JAVA_HOME (which Java to use), EARSHOT_JAVA_OPTS (flags for it)
      and EARSHOT_TRACE (1: say what it decides).

      Exit status: 0 it stopped as it was told, 1 it cannot start, 2 a setting or option is wrong.
      """;

  private Usage() {}

  static String text() {
    var text = new StringBuilder(HEAD);
    for (Verb verb : Verb.values()) {
      line(text, verb.word(), verb.meaning());
    }
    text.append("\nOptions, before the command or after it:\n");
    options(text, false);
    text.append("\nOptions of cert:\n");
    options(text, true);
    return text.append(TAIL).toString().replace("\n", System.lineSeparator());
  }

  private static void options(StringBuilder text, boolean forCert) {
    for (Option option : Option.values()) {
      if (option.isForCert() == forCert) {
        line(text, (option.word() + " " + option.label()).strip(), option.meaning());
      }
    }
  }

  private static void line(StringBuilder text, String what, String meaning) {
    text.append("  ").append(what).repeat(' ', 18 - what.length()).append(meaning).append('\n');
  }
}
