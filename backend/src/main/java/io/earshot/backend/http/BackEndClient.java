package io.earshot.backend.http;

import io.earshot.AddressRange;
import io.earshot.BackEndSettings;
import io.earshot.config.Pem;
import io.earshot.config.SettingFileException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.ProtocolException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to back ends, each a signed POST with JSON, over connections that stay open; with
 * HTTP/2 where a back end offers it by TLS. Follows no redirect and uses no proxy.
 *
 * <p>Thread-safe: what it holds is immutable or thread-safe.
 */
public final class BackEndClient implements AutoCloseable {
  private static final int MAX_PORT = 65_535;

  /** A host whose last part is a number, which some programs read as an address. */
  private static final Pattern NUMERIC = Pattern.compile("(.*\\.)?([0-9]+|0[xX][0-9a-fA-F]*)\\.?");

  /** After how many connections that the JDK's client may have left open it is replaced. */
  private static final int MOST_LEFT = 10;

  /** When a client that was replaced is closed: its last requests are over then. */
  private static final Duration RETIREMENT = Duration.ofMinutes(1);

  /** The longest part of a message that comes from a back end, in characters. */
  private static final int LONGEST_QUOTE = 100;

  /**
   * What may be secret in a text with URLs: what precedes an @, in an authority or in a word such
   * as user:password@host.
   */
  private static final Pattern USER_INFO =
      Pattern.compile("(?<=://)(?:[^?#\\s]*|[^/\\s]*)@|(?<![^\\s'])(?!\\S*://)[^\\s:@']*:\\S*@");

  /** A query or a fragment, without the quote and the punctuation after it. */
  private static final Pattern QUERY = Pattern.compile("([?#])\\S+?(?=(?:')?[:;,]?(?:\\s|$))");

  private final HttpClient.Builder builder;
  private volatile HttpClient client;
  private final Queue<HttpClient> retired = new ConcurrentLinkedQueue<>();
  private final Duration retirement;
  private final AtomicInteger left = new AtomicInteger();

  /** Platform threads, since a question to a name service would hold a carrier. */
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          Thread.ofPlatform().daemon().name("earshot-backend-", 0).factory());

  private final AddressGuard guard;
  private final Signature signature;
  private final InstantSource clock;
  private final int answerBytes;

  /** The checks of hosts that are under way, one for each host. */
  private final Map<String, CompletableFuture<@Nullable BackEndException>> checks =
      new ConcurrentHashMap<>();

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
    this(settings, clock, RETIREMENT);
  }

  BackEndClient(BackEndSettings settings, InstantSource clock, Duration retirement) {
    this.clock = clock;
    this.retirement = retirement;
    this.signature = new Signature(settings.secrets());
    this.guard = new AddressGuard(settings.privateAddresses());
    this.answerBytes = settings.answerBytes();
    this.builder =
        HttpClient.newBuilder()
            .executor(threads)
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
   * Reads a URL of a setting. Asks no name service.
   *
   * @param setting the path of the setting, for the message
   * @throws IllegalArgumentException if requests cannot go there; the message says what to write
   */
  public static URI url(String setting, String text) {
    try {
      URI url = new URI(text);
      if (("http".equals(url.getScheme()) || "https".equals(url.getScheme()))
          && isHost(url.getHost())
          && url.getPort() != 0
          && url.getPort() <= MAX_PORT
          && url.getRawFragment() == null
          && url.getRawUserInfo() == null) {
        return url;
      }
    } catch (URISyntaxException e) {
      // refused below
    }
    throw new IllegalArgumentException(
        setting
            + ": '"
            + masked(text)
            + "' is not the URL of a back end; write one such as https://app.example.org/events,"
            + " without a user, a password or a #");
  }

  /**
   * Whether it is a name, or an address in its usual form: not one such as 0x7f.1 or 017700000001.
   */
  private static boolean isHost(@Nullable String host) {
    if (host == null || !NUMERIC.matcher(host).matches()) {
      return host != null;
    }
    try {
      return AddressRange.address(host).getHostAddress().equals(host);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** A URL as logs and metrics show it: without its query, which may have a secret. */
  public static String shown(URI url) {
    return url.getScheme() + "://" + url.getRawAuthority() + url.getRawPath();
  }

  /**
   * A text of a setting as error messages show it: without the users, passwords, queries and
   * fragments of the URLs in it, which may be secret.
   */
  public static String masked(String text) {
    String known = USER_INFO.matcher(text).replaceAll("***@");
    return QUERY.matcher(known).replaceAll("$1***");
  }

  /** Whether requests have signatures. */
  public boolean isSigning() {
    return signature.isOn();
  }

  /**
   * Sends a request, and waits for the whole answer. Blocks; to be called on a virtual thread. An
   * interruption ends the request, and its connection with it (over HTTP/2, its stream).
   *
   * @param url as {@link #url} has read it
   * @param id identifies the request and its repeats
   * @param body JSON
   * @param timeout how long all of it may take
   * @throws BackEndException if there is no answer with a status of 200 to 299 in time
   */
  public Reply post(URI url, String id, byte[] body, Duration timeout)
      throws BackEndException, InterruptedException {
    long end = System.nanoTime() + timeout.toNanos();
    check(url.getHost(), timeout);
    Duration left = Duration.ofNanos(end - System.nanoTime());
    if (left.toMillis() <= 0) {
      throw late(timeout);
    }
    long seconds = clock.instant().getEpochSecond();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(left)
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
    HttpResponse<byte[]> response = sent(request.build(), left, timeout);
    int status = response.statusCode();
    if (!isSuccess(status)) {
      String retryAfter = response.headers().firstValue("retry-after").orElse("");
      throw new BackEndException("it answered with the status " + status, status, retryAfter);
    }
    return new Reply(status, response.body());
  }

  private static boolean isSuccess(int status) {
    return status >= 200 && status <= 299;
  }

  /**
   * Checks the addresses of a host, together with the other requests for it. Waits for a name
   * service no longer than the time limit; the question itself cannot be interrupted.
   */
  private void check(String host, Duration timeout) throws BackEndException, InterruptedException {
    try {
      CompletableFuture<@Nullable BackEndException> check =
          checks.computeIfAbsent(
              host, name -> CompletableFuture.supplyAsync(() -> refusal(name), threads));
      BackEndException refusal = check.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      if (refusal != null) {
        throw refusal;
      }
    } catch (RejectedExecutionException e) {
      throw BackEndException.away("this server stops");
    } catch (TimeoutException e) {
      throw BackEndException.away(
          "the name " + host + " could not be looked up within " + timeout.toMillis() + " ms");
    } catch (ExecutionException e) {
      throw BackEndException.away("the name " + host + " cannot be looked up: " + e.getCause());
    }
  }

  private @Nullable BackEndException refusal(String host) {
    try {
      guard.check(host);
      return null;
    } catch (BackEndException e) {
      return e;
    } finally {
      checks.remove(host); // the next request checks again
    }
  }

  /** The time limit of the JDK's client ends with the head; this one includes the body. */
  private HttpResponse<byte[]> sent(HttpRequest request, Duration left, Duration timeout)
      throws BackEndException, InterruptedException {
    var isAnswered = new AtomicBoolean();
    CompletableFuture<HttpResponse<byte[]>> answer =
        client.sendAsync(
            request,
            head -> {
              isAnswered.set(true);
              return new BoundedBody(answerBytes, isSuccess(head.statusCode()));
            });
    try {
      return answer.get(left.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw late(timeout);
    } catch (ExecutionException e) {
      throw translated(e.getCause(), isAnswered.get(), timeout);
    } finally {
      answer.cancel(true); // ends the exchange, unless it has ended
    }
  }

  private static BackEndException late(Duration timeout) {
    return BackEndException.away("it did not answer within " + timeout.toMillis() + " ms");
  }

  /** Looks for the cause that the JDK's client may have wrapped. */
  private BackEndException translated(
      @Nullable Throwable failure, boolean isAnswered, Duration timeout) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      switch (cause) {
        case BackEndException e -> {
          return e;
        }
        case HttpConnectTimeoutException ignored -> {
          return BackEndException.away("it cannot be reached in time");
        }
        case HttpTimeoutException ignored -> {
          return late(timeout);
        }
        case ConnectException ignored -> {
          return BackEndException.away("it cannot be reached");
        }
        case UnresolvedAddressException ignored -> {
          return BackEndException.away("its name has no address");
        }
        case SSLHandshakeException e -> {
          return BackEndException.away("there is no TLS with it: " + quoted(e));
        }
        case ProtocolException e -> {
          replace();
          return BackEndException.away("its answer is not HTTP: " + quoted(e));
        }
        default -> {
          // what it is wrapped around says more
        }
      }
    }
    return isAnswered
        ? BackEndException.away("the connection ended in the middle of its answer")
        : BackEndException.unanswered("the connection ended before an answer");
  }

  private static String quoted(Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    return message
        .substring(0, Math.min(message.length(), LONGEST_QUOTE))
        .replaceAll("\\p{Cntrl}", "?");
  }

  /**
   * Replaces the JDK's client now and then: it leaves a connection open on which something came
   * that is not HTTP.
   */
  private void replace() {
    if (left.incrementAndGet() == MOST_LEFT) {
      HttpClient old = client;
      retired.add(old);
      client = builder.build();
      left.set(0);
      CompletableFuture.delayedExecutor(retirement.toMillis(), TimeUnit.MILLISECONDS)
          .execute(
              () -> {
                old.shutdownNow();
                retired.remove(old);
              });
    }
  }

  /** Ends all requests. */
  @Override
  public void close() {
    client.shutdownNow();
    retired.forEach(HttpClient::shutdownNow);
    threads.shutdownNow();
  }
}
