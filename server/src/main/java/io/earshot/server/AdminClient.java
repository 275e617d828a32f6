package io.earshot.server;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The admin API of a running server, for commands.
 *
 * <p>Owned by the thread that parses the command line.
 */
final class AdminClient {
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

  @Option(
      names = "--url",
      paramLabel = "URL",
      defaultValue = "${env:EARSHOT_URL:-http://localhost:8080}",
      description = {
        "the server: its HTTP port, or its port for operators (management.port);",
        "default: EARSHOT_URL, or http://localhost:8080"
      })
  @SuppressWarnings("NullAway.Init") // set by picocli
  private String url;

  @Option(
      names = "--key",
      paramLabel = "SECRET",
      defaultValue = "${env:EARSHOT_ADMIN_KEY}",
      description = "the secret of a key in admin.keys; default: EARSHOT_ADMIN_KEY")
  private @Nullable String key;

  String url() {
    return url;
  }

  /**
   * Sends a request, and waits for the answer.
   *
   * @param path the path and query after {@code /admin/}
   * @param body JSON, or null for none
   * @return the answer
   * @throws AdminException if the server refuses, or none answers; the message says what to change
   */
  Json request(String method, String path, @Nullable Json body) throws AdminException {
    if (key == null || key.isBlank()) {
      throw AdminException.refused(
          "the key is missing: set EARSHOT_ADMIN_KEY, or give --key, to the secret of a key in"
              + " admin.keys of the server");
    }
    HttpResponse<byte[]> response = send(method, path, body);
    Json answer = parsed(response);
    if (response.statusCode() / 100 == 2 && answer != null) {
      return answer;
    }
    String why =
        answer instanceof Json.Obj problem
                && problem.get("detail") instanceof Json.Text(String text)
            ? text
            : "the answer has status " + response.statusCode() + ", and is none of the admin API";
    throw AdminException.refused(url + ": " + why + hint(response.statusCode()));
  }

  private static String hint(int status) {
    return switch (status) {
      case 401 -> "; --key is the secret alone, without the name before it";
      case 404 ->
          "; is admin.keys set there, and is this the port of management.port, if that is enabled?";
      default -> "";
    };
  }

  private static @Nullable Json parsed(HttpResponse<byte[]> response) {
    try {
      return Json.parse(new String(response.body(), StandardCharsets.UTF_8));
    } catch (MalformedJsonException e) {
      return null;
    }
  }

  private HttpResponse<byte[]> send(String method, String path, @Nullable Json body)
      throws AdminException {
    try {
      var request =
          HttpRequest.newBuilder(URI.create(url.replaceFirst("/+$", "") + "/admin/" + path))
              .timeout(TIMEOUT)
              .header("authorization", "Bearer " + key)
              .header("content-type", "application/json")
              .method(
                  method,
                  body == null
                      ? HttpRequest.BodyPublishers.noBody()
                      : HttpRequest.BodyPublishers.ofByteArray(body.encode()))
              .build();
      return http.send(request, BodyHandlers.ofByteArray());
    } catch (IllegalArgumentException e) {
      throw AdminException.refused(
          "--url: " + url + " is no address such as http://localhost:8080");
    } catch (ConnectException e) {
      throw AdminException.unreachable("no server answers at " + url);
    } catch (IOException e) {
      throw AdminException.unreachable(url + " does not answer: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw AdminException.refused("interrupted");
    }
  }
}
