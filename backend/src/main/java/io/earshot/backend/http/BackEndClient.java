package io.earshot.backend.http;

import io.earshot.BackEndSettings;
import io.earshot.config.Pem;
import io.earshot.config.SettingFileException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * Sends requests to back ends, each a signed POST with JSON, over connections that stay open; with
 * HTTP/2 where a back end offers it by TLS. Follows no redirect and uses no proxy.
 *
 * <p>Thread-safe: immutable, and the JDK's client is.
 */
public final class BackEndClient implements AutoCloseable {
  private final HttpClient client;
  private final AddressGuard guard;
  private final Signature signature;
  private final InstantSource clock;
  private final int answerBytes;

  /**
   * The answer of a back end.
   *
   * @param status 200 to 299
   * @param body at most {@code backEnds.answerBytes}
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  public record Reply(int status, byte[] body) {}

  /**
   * A client without connections.
   *
   * @throws IllegalArgumentException if a setting is wrong; the message names it
   */
  public BackEndClient(BackEndSettings settings, InstantSource clock) {
    this.clock = clock;
    this.signature = new Signature(settings.secrets());
    this.guard = new AddressGuard(settings.privateAddresses());
    this.answerBytes = settings.answerBytes();
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .connectTimeout(settings.connectTimeout())
            .proxy(HttpClient.Builder.NO_PROXY)
            .followRedirects(HttpClient.Redirect.NEVER);
    if (!settings.caFile().isEmpty()) {
      builder.sslContext(trusting(settings.caFile()));
    }
    this.client = builder.build();
  }

  private static SSLContext trusting(String caFile) {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      int number = 0;
      for (X509Certificate each : Pem.certificates("backEnds.caFile", caFile)) {
        store.setCertificateEntry(Integer.toString(number++), each);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (SettingFileException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException("backEnds.caFile: " + caFile + " cannot be used", e);
    }
  }

  /**
   * Checks a URL of a setting. Asks no name service.
   *
   * @param setting the path of the setting, for the message
   * @throws IllegalArgumentException if requests cannot go there
   */
  public static URI url(String setting, String text) {
    try {
      URI url = URI.create(text);
      if (("http".equals(url.getScheme()) || "https".equals(url.getScheme()))
          && url.getHost() != null
          && url.getRawFragment() == null
          && url.getRawUserInfo() == null) {
        return url;
      }
    } catch (IllegalArgumentException e) {
      // refused below
    }
    throw new IllegalArgumentException(
        setting
            + ": '"
            + text
            + "' is not the URL of a back end; write one such as https://app.example.org/events");
  }

  /**
   * Sends a request, and waits for the whole answer. Blocks; to be called on a virtual thread.
   *
   * @param id identifies the request and its repeats
   * @param body JSON
   * @param timeout how long all of it may take
   * @throws BackEndException if there is no answer with a status of 200 to 299 in time
   */
  public Reply post(URI url, String id, byte[] body, Duration timeout)
      throws BackEndException, InterruptedException {
    guard.check(url);
    long seconds = clock.instant().getEpochSecond();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(timeout)
            .version(
                url.getScheme().equals("https")
                    ? HttpClient.Version.HTTP_2
                    : HttpClient.Version.HTTP_1_1)
            .header("content-type", "application/json")
            .header("user-agent", "Earshot")
            .header("webhook-id", id)
            .header("webhook-timestamp", Long.toString(seconds))
            .POST(BodyPublishers.ofByteArray(body));
    if (signature.isOn()) {
      request.header("webhook-signature", signature.of(id, seconds, body));
    }
    HttpResponse<byte[]> response = sent(request.build(), timeout);
    int status = response.statusCode();
    if (status < 200 || status > 299) {
      throw new BackEndException("it answered with the status " + status, status);
    }
    return new Reply(status, response.body());
  }

  /** The time limit of the JDK's client ends with the head; this one includes the body. */
  private HttpResponse<byte[]> sent(HttpRequest request, Duration timeout)
      throws BackEndException, InterruptedException {
    CompletableFuture<HttpResponse<byte[]>> answer =
        client.sendAsync(request, ignored -> new BoundedBody(answerBytes));
    try {
      return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw late(timeout);
    } catch (ExecutionException e) {
      throw translated(e.getCause() == null ? e : e.getCause(), timeout);
    } finally {
      answer.cancel(true); // ends the exchange, unless it has ended
    }
  }

  private static BackEndException late(Duration timeout) {
    return new BackEndException("it did not answer within " + timeout.toMillis() + " ms");
  }

  private static BackEndException translated(Throwable cause, Duration timeout) {
    return switch (cause) {
      case BackEndException e -> e;
      case HttpConnectTimeoutException e -> new BackEndException("it cannot be reached in time");
      case HttpTimeoutException e -> late(timeout);
      case ConnectException e -> new BackEndException("it cannot be reached");
      default ->
          new BackEndException(
              cause.getCause() instanceof BackEndException e
                  ? String.valueOf(e.getMessage())
                  : "the connection failed: " + cause);
    };
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
