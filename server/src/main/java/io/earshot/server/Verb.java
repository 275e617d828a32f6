package io.earshot.server;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/** What can be asked of the program. */
enum Verb {
  SERVE("start the server (this is the default)"),
  CONFIG("show the settings in force, as a file that --config understands"),
  CERT("make a certificate for trying TLS, and say how to use it"),
  HELP("show this help");

  private final String meaning;

  Verb(String meaning) {
    this.meaning = meaning;
  }

  /** As it is typed. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  String meaning() {
    return meaning;
  }

  static Optional<Verb> named(String word) {
    return Arrays.stream(values()).filter(verb -> verb.word().equals(word)).findFirst();
  }
}
