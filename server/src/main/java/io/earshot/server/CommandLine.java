package io.earshot.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What was typed. Options may stand before the verb or after it, as {@code --tcp 5001} or {@code
 * --tcp=5001}. It is read by hand, and without reflection: a library for it was a third of the time
 * that the server took to start.
 *
 * <p>Immutable.
 *
 * @param verb what is asked
 * @param given the options, in their order
 */
record CommandLine(Verb verb, List<Given> given) {
  private static final String HINT = "; ./earshot help shows what there is";

  /**
   * One option.
   *
   * @param option which
   * @param value its value; for one that has none {@code true}, if nothing else was said
   */
  record Given(Option option, String value) {}

  CommandLine {
    given = List.copyOf(given);
  }

  /**
   * Reads the words after {@code earshot}.
   *
   * @throws SettingsException if one of them means nothing
   */
  static CommandLine of(String... words) throws SettingsException {
    @Nullable Verb verb = null;
    var given = new ArrayList<Given>();
    for (int i = 0; i < words.length; i++) {
      String word = words[i];
      int equals = word.startsWith("--") ? word.indexOf('=') : -1;
      Optional<Option> option = Option.named(equals < 0 ? word : word.substring(0, equals));
      if (option.isPresent() && (!option.get().isForCert() || verb == Verb.CERT)) {
        boolean more = i + 1 < words.length && Option.named(words[i + 1]).isEmpty();
        if (equals >= 0) {
          given.add(new Given(option.get(), word.substring(equals + 1)));
        } else if (option.get().label().isEmpty()) {
          given.add(new Given(option.get(), "true"));
        } else if (more) {
          given.add(new Given(option.get(), words[++i]));
        } else {
          throw new SettingsException(word + " needs a value: " + option.get().label() + HINT);
        }
      } else if (verb == null && Verb.named(word).isPresent()) {
        verb = Verb.named(word).get();
      } else if (verb != Verb.HELP || word.startsWith("-")) {
        throw new SettingsException("there is no '" + word + "'" + HINT);
      }
    }
    return new CommandLine(verb == null ? Verb.SERVE : verb, given);
  }

  /** Whether this one was given, and nothing after it took it back. */
  boolean has(Option option) {
    return Boolean.parseBoolean(last(option).orElse("false"));
  }

  Optional<String> last(Option option) {
    List<String> values = all(option);
    return values.isEmpty() ? Optional.empty() : Optional.of(values.getLast());
  }

  List<String> all(Option option) {
    return given.stream().filter(each -> each.option == option).map(Given::value).toList();
  }

  /**
   * What they set, in their order, so that the last has the last word.
   *
   * @throws SettingsException if one is not as it has to be
   */
  List<Assignment> assignments() throws SettingsException {
    var assignments = new ArrayList<Assignment>();
    for (Given each : given) {
      String value = each.value;
      String source = "command line, " + each.option.word();
      switch (each.option) {
        case TCP -> assignments.add(new Assignment("tcpServer.port", value, source));
        case HTTP -> assignments.add(new Assignment("httpServer.port", value, source));
        case BIND -> {
          assignments.add(new Assignment("tcpServer.bindIP", value, source));
          assignments.add(new Assignment("httpServer.bindIP", value, source));
        }
        case ID -> assignments.add(new Assignment("general.id", value, source));
        case ACTIONS -> assignments.add(new Assignment("general.actionsFolder", value, source));
        case DEV -> assignments.add(new Assignment("general.developmentMode", value, source));
        case SET -> {
          int equals = value.indexOf('=');
          if (equals < 1) {
            throw new SettingsException(
                source + " " + value + ": write it as key=value, such as tcpServer.port=5001");
          }
          String path = value.substring(0, equals);
          String said = value.substring(equals + 1);
          assignments.add(new Assignment(path, said, source + " " + path));
        }
        case CONFIG, HELP, VERSION, OUT, HOST, FORCE -> {}
      }
    }
    return assignments;
  }
}
