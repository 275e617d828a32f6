package io.earshot.server;

import java.util.Arrays;
import java.util.Optional;

/** What can be said besides the verb, in the order of the help. */
enum Option {
  TCP("--tcp", "PORT", "listen for TCP clients here; 0: any free port"),
  HTTP("--http", "PORT", "listen for HTTP and WebSocket here; 0: any free port"),
  BIND("--bind", "ADDRESS", "listen on this address of the machine only, such as 127.0.0.1"),
  ID("--id", "NAME", "the name of this one process"),
  ACTIONS("--actions", "FOLDER", "serve the actions in this folder: .java files, and jars of them"),
  DEV("--dev", "", "take over what changes in the folder of --actions while the server runs"),
  CONFIG("--config", "FILE", "read settings from this YAML file"),
  SET("--set", "KEY=VALUE", "a setting by its path, such as general.id=ada; may be given often"),
  HELP("--help", "", "show this help; also -h"),
  VERSION("--version", "", "show the version; also -V"),
  OUT("--out", "DIR", "the folder for cert.pem and key.pem"),
  HOST("--host", "NAME", "a name or address it is for, besides localhost; may be given often"),
  FORCE("--force", "", "replace what is there");

  private final String word;
  private final String label;
  private final String meaning;

  Option(String word, String label, String meaning) {
    this.word = word;
    this.label = label;
    this.meaning = meaning;
  }

  /** As it is typed. */
  String word() {
    return word;
  }

  /** What its value is called; empty if it has none. */
  String label() {
    return label;
  }

  String meaning() {
    return meaning;
  }

  /** Whether it says something to {@code cert} only. */
  boolean isForCert() {
    return this == OUT || this == HOST || this == FORCE;
  }

  static Optional<Option> named(String word) {
    return switch (word) {
      case "-h" -> Optional.of(HELP);
      case "-V" -> Optional.of(VERSION);
      default -> Arrays.stream(values()).filter(each -> each.word.equals(word)).findFirst();
    };
  }
}
