package io.earshot.server;

import java.io.PrintWriter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Does what the command line asks. */
final class EarshotCommand {
  private static final int CANNOT_START = 1;
  private static final int MISUSED = 2;

  private EarshotCommand() {}

  /**
   * Runs one command.
   *
   * @param environment the environment variables
   * @param out where the answer goes
   * @param err where a refusal goes, as one line
   * @param args the words after {@code earshot}
   * @return the exit status
   */
  static int run(
      Map<String, String> environment, PrintWriter out, PrintWriter err, String... args) {
    try {
      return run(environment, out, CommandLine.of(args));
    } catch (SettingsException e) {
      return refuse(err, MISUSED, e.getMessage());
    } catch (StartException e) {
      return refuse(err, CANNOT_START, e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return CANNOT_START;
    } catch (RuntimeException e) {
      e.printStackTrace(err);
      err.flush();
      return CANNOT_START;
    }
  }

  private static int run(Map<String, String> environment, PrintWriter out, CommandLine line)
      throws SettingsException, StartException, InterruptedException {
    if (line.verb() == Verb.HELP || line.has(Option.HELP)) {
      return answer(out, Usage.text());
    }
    if (line.has(Option.VERSION)) {
      return answer(out, Version.text() + System.lineSeparator());
    }
    return switch (line.verb()) {
      case SERVE -> {
        Serve.forever(settings(environment, line).config(), out);
        yield CANNOT_START;
      }
      case CONFIG -> answer(out, SettingsPage.of(settings(environment, line)));
      case CERT -> {
        Path folder = path("--out", line.last(Option.OUT).orElse("."));
        var pair = SelfSigned.make(folder, line.all(Option.HOST), line.has(Option.FORCE));
        yield answer(out, pair.explained());
      }
      case HELP -> answer(out, Usage.text());
    };
  }

  private static Settings settings(Map<String, String> environment, CommandLine line)
      throws SettingsException {
    List<Assignment> options = line.assignments();
    List<String> files = line.all(Option.CONFIG);
    if (files.size() > 1) {
      throw new SettingsException("command line, --config: there can be one file only");
    }
    var assignments = new ArrayList<Assignment>();
    if (!files.isEmpty()) {
      assignments.addAll(SettingsFile.assignments(path("--config", files.getFirst())));
    }
    assignments.addAll(Environment.assignments(environment));
    assignments.addAll(options);
    return Settings.of(assignments);
  }

  private static Path path(String option, String name) throws SettingsException {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new SettingsException("command line, " + option + ": " + e.getMessage());
    }
  }

  private static int answer(PrintWriter out, String text) {
    out.print(text);
    out.flush();
    return out.checkError() ? CANNOT_START : 0;
  }

  private static int refuse(PrintWriter err, int status, @Nullable String why) {
    err.println("earshot: " + OneLine.of(String.valueOf(why)));
    err.flush();
    return status;
  }
}
