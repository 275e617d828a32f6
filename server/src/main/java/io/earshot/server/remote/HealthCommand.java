package io.earshot.server.remote;

import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/**
 * Asks a server whether it is ready, for health checks in places that have no {@code curl}. Needs
 * no key.
 *
 * <p>Owned by the thread of the command.
 */
@Command(
    name = "health",
    description = "exit with status 0 if a server is ready for clients, and with 1 if not")
public final class HealthCommand implements Callable<Integer> {
  private static final int TIMEOUT_MILLIS = 5000;
  private static final int LONGEST = 65_536;
  private static final String FORM = "write it as http://HOST:PORT or https://HOST:PORT";

  private final PrintWriter out;
  private final String usual;

  @Parameters(
      arity = "0..1",
      paramLabel = "URL",
      description = {
        "the server: its HTTP port, or its port for operators (management.port);",
        "default: the variable EARSHOT_URL, or http://127.0.0.1:8080"
      })
  private @Nullable String url;

  /** A command that is not run yet. */
  public HealthCommand(Map<String, String> environment, PrintWriter out) {
    this.out = out;
    this.usual = environment.getOrDefault(RemoteCommand.URL_VARIABLE, RemoteCommand.USUAL);
  }

  @Override
  public Integer call() throws SettingsException, StartException {
    String server = url == null ? usual : url;
    if (!server.matches("https?://[^/?#\\s]+/?")) {
      throw new SettingsException("health " + server + ": " + FORM);
    }
    String asked = server.replaceFirst("/$", "") + "/readyz";
    try {
      // Not the newer HttpClient: it loads ten times as many classes, at each check.
      var connection = (HttpURLConnection) URI.create(asked).toURL().openConnection(Proxy.NO_PROXY);
      connection.setConnectTimeout(TIMEOUT_MILLIS);
      connection.setReadTimeout(TIMEOUT_MILLIS);
      int status = connection.getResponseCode();
      if (status != HttpURLConnection.HTTP_OK) {
        throw new StartException(asked + " answers " + status + " " + body(connection));
      }
      connection.disconnect();
    } catch (IllegalArgumentException e) {
      throw new SettingsException("health " + server + ": " + FORM);
    } catch (IOException e) {
      throw new StartException("no answer from " + asked + ": " + e.getMessage(), e);
    }
    out.println("ready");
    out.flush();
    return 0;
  }

  private static String body(HttpURLConnection connection) throws IOException {
    try (InputStream in = connection.getErrorStream()) {
      return in == null ? "" : new String(in.readNBytes(LONGEST), StandardCharsets.UTF_8).strip();
    }
  }
}
