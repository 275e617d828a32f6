package io.earshot.netty.testing;

import io.earshot.netty.testing.HttpClient.Response;
import java.util.ArrayList;
import java.util.List;

/**
 * Calls the admin API of a server with a key, each time over a connection of its own.
 *
 * @param port the HTTP port
 * @param key the secret of the key
 */
public record AdminClient(int port, String key) {

  /** Sends a request whose body, if there is one, is JSON. */
  public Response ask(String method, String path, String body, String... headers) {
    var all = new ArrayList<>(List.of(headers));
    all.add("Content-Type: application/json");
    try (var client = new HttpClient(port, false, "Authorization: Bearer " + key)) {
      client.sendRequest(method, path, body, all.toArray(String[]::new));
      return client.response();
    }
  }

  public Response get(String path) {
    return ask("GET", path, "");
  }

  public Response post(String path, String body, String... headers) {
    return ask("POST", path, body, headers);
  }

  /** Publishes messages, each of which is a JSON object. */
  public Response publish(String... messages) {
    return post("/admin/publish", "{\"messages\":[" + String.join(",", messages) + "]}");
  }
}
