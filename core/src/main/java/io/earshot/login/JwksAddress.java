package io.earshot.login;

import io.earshot.token.KeySet;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The address of a JSON Web Key Set.
 *
 * <p>Thread-safe: immutable.
 */
final class JwksAddress {
  /** The longest answer that is read, in bytes. */
  static final int LONGEST = 256 << 10;

  /** How long a fetch may take, the body included. */
  private static final Duration TIMEOUT = Duration.ofSeconds(5);

  private final URI address;
  private final Duration timeout;

  JwksAddress(String address) {
    this(address, TIMEOUT);
  }

  JwksAddress(String address, Duration timeout) {
    this.address = URI.create(address);
    this.timeout = timeout;
  }

  /**
   * Fetches the keys. Blocks for at most the time limit.
   *
   * @throws RuntimeException if the address does not answer in time, or not with keys
   */
  KeySet fetch() {
    // The time limit of a request ends with its head; a body may come slowly, or never end.
    try (HttpClient client =
        HttpClient.newBuilder()
            .connectTimeout(timeout)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build()) {
      var work = new FutureTask<>(() -> body(client));
      Thread reader = Thread.startVirtualThread(work);
      try {
        return KeySet.ofJwks(work.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
      } catch (TimeoutException e) {
        throw new IllegalStateException("it did not answer within " + timeout, e);
      } catch (ExecutionException e) {
        throw new IllegalStateException(String.valueOf(e.getCause()), e.getCause());
      } catch (InterruptedException e) {
        throw new IllegalStateException("the fetch was interrupted", e);
      } finally {
        reader.interrupt();
        client.shutdownNow();
      }
    }
  }

  private String body(HttpClient client) throws InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(address)
            .timeout(timeout)
            .header("accept", "application/json")
            .build();
    try {
      HttpResponse<InputStream> response =
          client.send(request, HttpResponse.BodyHandlers.ofInputStream());
      try (InputStream in = response.body()) {
        if (response.statusCode() != 200) {
          throw new IllegalStateException("it answered " + response.statusCode());
        }
        byte[] bytes = in.readNBytes(LONGEST + 1);
        if (bytes.length > LONGEST) {
          throw new IllegalStateException("it has more than " + LONGEST + " bytes");
        }
        return new String(bytes, StandardCharsets.UTF_8);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
