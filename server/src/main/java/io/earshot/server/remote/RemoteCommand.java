package io.earshot.server.remote;

import io.earshot.server.settings.SettingsException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * A command that asks a running server through its admin API.
 *
 * <p>Owned by the thread of the command.
 */
abstract class RemoteCommand implements Callable<Integer> {
  static final String USUAL = "http://127.0.0.1:8080";
  static final String URL_VARIABLE = "EARSHOT_URL";

  final PrintWriter out;
  private final Map<String, String> environment;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description = {
        "the server: its HTTP port, or its port for operators (management.port);",
        "default: the variable EARSHOT_URL, or http://127.0.0.1:8080"
      })
  private @Nullable String url;

  @Option(
      names = "--key",
      paramLabel = "SECRET",
      description = "the secret of a key of admin.keys; default: the variable EARSHOT_KEY")
  private @Nullable String key;

  RemoteCommand(Map<String, String> environment, PrintWriter out) {
    this.environment = environment;
    this.out = out;
  }

  /** The address of the server. */
  final String url() {
    return url == null ? environment.getOrDefault(URL_VARIABLE, USUAL) : url;
  }

  /** A client of the server. */
  final AdminClient admin() throws SettingsException {
    return AdminClient.of(url(), key, environment);
  }
}
