package io.earshot.server.remote;

import io.earshot.protocol.Json;
import io.earshot.protocol.MalformedJsonException;
import io.earshot.server.settings.SettingsException;
import io.earshot.server.settings.StartException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to the admin API of a running server.
 *
 * <p>Owned by the thread of the command.
 */
final class AdminClient implements AutoCloseable {
  static final String KEY_VARIABLE = "EARSHOT_KEY";
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final HttpClient client =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
  private final URI server;
  private final String key;

  private AdminClient(URI server, String key) {
    this.server = server;
    this.key = key;
  }

  /**
   * A client of one server.
   *
   * @param url the address of the server, such as {@code http://127.0.0.1:8080}
   * @param key the secret of a key; null to take it from the environment
   * @throws SettingsException if the address or the key cannot be one
   */
  static AdminClient of(String url, @Nullable String key, Map<String, String> environment)
      throws SettingsException {
    String secret = key == null ? environment.getOrDefault(KEY_VARIABLE, "") : key;
    if (secret.isBlank() || !secret.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
      throw new SettingsException(
          "give the secret of a key of admin.keys: --key SECRET, or " + KEY_VARIABLE);
    }
    if (!url.matches("https?://[^/?#\\s]+/?")) {
      throw new SettingsException("--url: write it as http://HOST:PORT or https://HOST:PORT");
    }
    try {
      return new AdminClient(URI.create(url.replaceFirst("/$", "")), secret);
    } catch (IllegalArgumentException e) {
      throw new SettingsException("--url: write it as http://HOST:PORT or https://HOST:PORT");
    }
  }

  /** The query of a URL; parameters without a value are left out. */
  static String query(Map<String, @Nullable String> params) {
    return params.entrySet().stream()
        .filter(each -> each.getValue() != null)
        .map(
            each ->
                each.getKey()
                    + "="
                    + URLEncoder.encode(String.valueOf(each.getValue()), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
  }

  Json.Obj get(String path) throws StartException, InterruptedException {
    return object(send(request(path).GET().timeout(TIMEOUT).build(), BodyHandlers.ofString()));
  }

  Json.Obj post(String path, Json body) throws StartException, InterruptedException {
    String text = new String(body.encode(), StandardCharsets.UTF_8);
    HttpRequest request =
        request(path)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(text))
            .timeout(TIMEOUT)
            .build();
    return object(send(request, BodyHandlers.ofString()));
  }

  /** The lines of a stream, as they come. */
  Stream<String> lines(String path) throws StartException, InterruptedException {
    HttpResponse<Stream<String>> answer = send(request(path).GET().build(), BodyHandlers.ofLines());
    if (answer.statusCode() != 200) {
      throw new StartException("the server answered " + answer.statusCode());
    }
    return answer.body();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(server + path))
        .header("authorization", "Bearer " + key);
  }

  private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler)
      throws StartException, InterruptedException {
    try {
      return client.send(request, handler);
    } catch (IOException e) {
      throw new StartException(
          (e instanceof ConnectException ? "no server answers at " : "no answer from ")
              + server
              + why(e),
          e);
    }
  }

  private String why(IOException e) {
    return switch (e) {
      case ConnectException _ -> ": it is down, or it drains and has no management.port";
      case SSLException _ ->
          ": " + cause(e) + " (name a host of its certificate, and trust the certificate)";
      default ->
          ": "
              + e.getClass().getSimpleName()
              + (server.getScheme().equals("http") ? " (is it https?)" : "");
    };
  }

  private static String cause(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage());
  }

  private static Json.Obj object(HttpResponse<String> answer) throws StartException {
    Json.Obj fields;
    try {
      fields = Json.parse(answer.body()) instanceof Json.Obj obj ? obj : new Json.Obj(Map.of());
    } catch (MalformedJsonException e) {
      fields = new Json.Obj(Map.of());
    }
    if (answer.statusCode() / 100 != 2) {
      throw new AdminRefusal(
          answer.statusCode(),
          "the server answered "
              + answer.statusCode()
              + (fields.get("detail") == null ? "" : ": " + text(fields, "detail"))
              + hint(answer.statusCode()));
    }
    return fields;
  }

  private static String hint(int status) {
    return switch (status) {
      case 401 -> "; --key is the secret alone, without the name before it";
      case 404 ->
          "; is admin.keys set there, and is this its port for operators if management.enabled is?";
      default -> "";
    };
  }

  static String text(Json.Obj fields, String name) {
    return switch (fields.get(name)) {
      case Json.Text(String text) -> text;
      case Json.Num(String number) -> number;
      case null, default -> "";
    };
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
