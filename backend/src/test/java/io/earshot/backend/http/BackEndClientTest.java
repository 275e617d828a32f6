package io.earshot.backend.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.earshot.Config;
import io.earshot.backend.http.RawBackEnd.Manner;
import io.earshot.backend.http.RawBackEnd.Received;
import io.earshot.netty.testing.Pair;
import io.earshot.testing.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests to back ends that answer well, badly, too much, too slowly or not at all. */
final class BackEndClientTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final Duration SHORT = Duration.ofMillis(200);
  private static final Instant NOW = Instant.ofEpochSecond(1_700_000_000);
  private static final byte[] KEY = "a secret of at least 24 bytes".getBytes(UTF_8);
  private static final String SECRET = "whsec_" + Base64.getEncoder().encodeToString(KEY);
  private static final byte[] BODY = "{\"a\":1}".getBytes(UTF_8);

  private final RawBackEnd backEnd = new RawBackEnd(RawBackEnd.saying("{}"));
  private final BackEndClient client = client("backEnds.privateAddresses=127.0.0.0/8");

  private static BackEndClient client(String... settings) {
    Config config = Config.defaults();
    for (String setting : settings) {
      config = config.with(setting.split("=", 2)[0], setting.split("=", 2)[1]);
    }
    return new BackEndClient(config.backEnds(), () -> NOW);
  }

  @AfterEach
  void close() {
    client.close();
    backEnd.close();
  }

  private BackEndClient.Reply post(Duration timeout) throws Exception {
    return client.post(URI.create(backEnd.url()), "id1", BODY, timeout);
  }

  private BackEndException failure(Manner manner, Duration timeout) {
    backEnd.manner = manner;
    return catchThrowableOfType(BackEndException.class, () -> post(timeout));
  }

  private void awaitEnd() {
    Await.until("the connection ends", () -> backEnd.ended.get() == 1);
  }

  // --- what is sent ----------------------------------------------------------------------------

  @Test
  void requests_share_a_connection_and_are_signed_for_each_secret() throws Exception {
    String other =
        "whsec_"
            + Base64.getEncoder()
                .encodeToString("another secret, longer".repeat(2).getBytes(UTF_8));
    try (var signing =
        client(
            "backEnds.privateAddresses=127.0.0.1", "backEnds.secrets=" + SECRET + ", " + other)) {
      for (int i = 0; i < 3; i++) {
        assertThat(signing.post(URI.create(backEnd.url()), "id" + i, BODY, LONG).body())
            .asString()
            .isEqualTo("{}");
      }
    }
    assertThat(backEnd.connections).hasValue(1);
    Received first = backEnd.next();
    assertThat(first.head()).startsWith("POST /asked?key=hidden HTTP/1.1\r\n");
    assertThat(first.header("content-type")).isEqualTo("application/json");
    assertThat(first.header("webhook-id")).isEqualTo("id0");
    assertThat(first.header("webhook-timestamp")).isEqualTo("1700000000");
    assertThat(first.body()).isEqualTo("{\"a\":1}");
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(KEY, "HmacSHA256"));
    byte[] signed = mac.doFinal("id0.1700000000.{\"a\":1}".getBytes(UTF_8));
    assertThat(first.header("webhook-signature").split(" "))
        .hasSize(2)
        .contains("v1," + Base64.getEncoder().encodeToString(signed));
  }

  @Test
  void without_a_secret_there_is_no_signature() throws Exception {
    assertThat(post(LONG).status()).isEqualTo(200);
    assertThat(client.isSigning()).isFalse();
    assertThat(backEnd.next().head()).doesNotContain("webhook-signature");
  }

  // --- answers that are wrong ------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {301, 302, 307, 400, 404, 429, 500, 502, 503, 504})
  void other_statuses_are_failures_and_no_redirect_is_followed(int status) throws Exception {
    String head =
        "HTTP/1.1 " + status + " X\r\nLocation: /elsewhere\r\nContent-Length: 2\r\n\r\nno";
    BackEndException failure = failure(RawBackEnd.raw(head), LONG);
    assertThat(failure).hasMessage("it answered with the status " + status);
    assertThat(failure.status()).isEqualTo(status);
    assertThat(failure.isAway())
        .as("whether it is busy")
        .isEqualTo(List.of(429, 502, 503, 504).contains(status));
    backEnd.manner = RawBackEnd.saying("");
    assertThat(post(LONG).body()).isEmpty();
    assertThat(backEnd.connections).as("one that stayed open").hasValue(1);
    assertThat(backEnd.waiting()).isEqualTo(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "<html>\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"})
  void what_is_not_http_is_no_answer(String bytes) {
    BackEndException failure = failure(RawBackEnd.raw(bytes), LONG);
    assertThat(failure).hasMessageStartingWith("its answer is not HTTP");
    assertThat(failure.isAway()).isTrue();
  }

  @Test
  void connections_on_which_no_http_came_do_not_stay_open() throws Exception {
    Config config = Config.defaults().with("backEnds.privateAddresses", "127.0.0.1");
    try (var hasty = new BackEndClient(config.backEnds(), () -> NOW, Duration.ZERO)) {
      URI url = URI.create(backEnd.url());
      backEnd.manner = RawBackEnd.raw("220 mail.example.org\r\n\r\n");
      for (int i = 0; i < 10; i++) {
        assertThatThrownBy(() -> hasty.post(url, "id", BODY, LONG))
            .hasMessage("its answer is not HTTP: Invalid status line: \"220 mail.example.org\"");
      }
      Await.until("the connections end", () -> backEnd.ended.get() == 10);
      backEnd.manner = RawBackEnd.saying("{}");
      assertThat(hasty.post(url, "id", BODY, LONG).status()).isEqualTo(200);
    }
  }

  @Test
  void of_a_long_answer_that_is_not_http_the_message_has_the_beginning() {
    BackEndException failure =
        failure(RawBackEnd.raw("x\u0007" + "y".repeat(300_000) + "\r\n\r\n"), LONG);
    assertThat(failure.getMessage()).hasSizeLessThan(200).contains("x?yyy");
  }

  @Test
  void an_answer_of_ten_megabytes_is_not_read() {
    String much = "x".repeat(10 << 20);
    BackEndException failure = failure(RawBackEnd.saying(much), LONG);
    assertThat(failure).hasMessage("its answer is longer than 65536 bytes (backEnds.answerBytes)");
    assertThat(failure.isAway()).isFalse();
    awaitEnd();
  }

  @Test
  void an_answer_without_end_is_not_read() {
    String chunk = "1000\r\n" + "x".repeat(4096) + "\r\n";
    BackEndException failure =
        failure(
            (_, out) -> {
              out.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes(UTF_8));
              while (backEnd.closed.getCount() > 0) {
                out.write(chunk.getBytes(UTF_8));
              }
            },
            LONG);
    assertThat(failure).hasMessageContaining("longer than 65536 bytes");
    awaitEnd();
  }

  @Test
  void the_body_of_an_error_does_not_matter_however_long_it_is() {
    BackEndException failure =
        failure((_, out) -> out.write(RawBackEnd.response("500 Oh", "x".repeat(10 << 20))), LONG);
    assertThat(failure).hasMessage("it answered with the status 500");
    awaitEnd();
  }

  // --- answers that do not come ----------------------------------------------------------------

  @Test
  void one_that_never_answers_is_late_and_its_connection_is_ended() {
    BackEndException failure = failure(RawBackEnd.NEVER, SHORT);
    assertThat(failure).hasMessage("it did not answer within 200 ms");
    assertThat(failure.isAway()).isTrue();
    assertThat(failure.isUnanswered()).isFalse();
    awaitEnd();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 O",
        "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
        "HTTP/1.1 500 OK\r\nContent-Length: 5000\r\n\r\n"
      })
  void one_that_answers_byte_by_byte_is_late_and_its_connection_is_ended(String start) {
    BackEndException failure = failure(backEnd.dripping(start), SHORT);
    assertThat(failure).hasMessage("it did not answer within 200 ms");
    awaitEnd();
  }

  @Test
  void one_that_ends_the_connection_has_not_answered() throws Exception {
    assertThat(post(LONG).status()).isEqualTo(200); // on a connection that is used again
    BackEndException failure = failure((_, out) -> out.close(), LONG);
    assertThat(failure).hasMessageStartingWith("the connection ended before an answer");
    assertThat(failure.isUnanswered()).isTrue();
    assertThat(failure.isAway()).isTrue();
    assertThat(backEnd.waiting()).as("the client itself repeats no POST").isEqualTo(2);
  }

  @Test
  void one_that_ends_the_connection_in_an_answer_has_begun_to_answer() {
    BackEndException failure =
        failure(
            (_, out) -> {
              out.write("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{".getBytes(UTF_8));
              out.close();
            },
            LONG);
    assertThat(failure).hasMessageStartingWith("the connection ended in the middle");
    assertThat(failure.isUnanswered()).isFalse();
    assertThat(failure.isAway()).isTrue();
  }

  @Test
  void nothing_listens() throws Exception {
    int port;
    try (var socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    URI url = URI.create("http://127.0.0.1:" + port + "/");
    var failure =
        catchThrowableOfType(BackEndException.class, () -> client.post(url, "id", BODY, LONG));
    assertThat(failure).hasMessage("it cannot be reached");
    assertThat(failure.isAway()).isTrue();
  }

  @Test
  void an_interruption_ends_the_request() throws Exception {
    backEnd.manner = RawBackEnd.NEVER;
    var interrupted = new CountDownLatch(1);
    var task =
        new FutureTask<>(
            () -> {
              try {
                return post(Duration.ofHours(1));
              } catch (InterruptedException e) {
                interrupted.countDown();
                throw e;
              }
            });
    Thread thread = Thread.ofVirtual().start(task);
    assertThat(backEnd.next().body()).isEqualTo("{\"a\":1}");
    thread.interrupt();
    assertThat(interrupted.await(20, TimeUnit.SECONDS)).isTrue();
    awaitEnd();
  }

  @Test
  void a_client_that_is_closed_fails_and_does_not_wait() {
    client.close();
    assertThat(failure(RawBackEnd.saying(""), LONG)).isNotNull();
  }

  // --- addresses -------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.0.0.2"})
  void private_addresses_are_not_asked_unless_they_are_configured(String host) {
    int port = URI.create(backEnd.url()).getPort();
    URI url = BackEndClient.url("hooks.http", "http://" + host + ":" + port + "/");
    try (var strict = client()) {
      var failure =
          catchThrowableOfType(BackEndException.class, () -> strict.post(url, "id", BODY, LONG));
      assertThat(failure)
          .hasMessageContaining("is not a public address")
          .hasMessageContaining("backEnds.privateAddresses");
    }
    assertThat(backEnd.connections).hasValue(0);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://2130706433/", // 127.0.0.1 as one number
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.000.000.001/",
        "http://user:secret@app.example.org/",
        "http://app.example.org/#part",
        "http://app.example.org:0/",
        "http://app.example.org:70000/",
        "http:///path",
        "http:opaque",
        "ftp://app.example.org/",
        "file:///etc/passwd",
        "app.example.org",
        "//app.example.org/",
        "http://a b/",
        "http://bücher.example/",
        ""
      })
  void a_url_that_is_none_or_hides_its_address_is_refused(String url) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BackEndClient.url("hooks.http", url))
        .withMessageStartingWith(
            "hooks.http: '" + BackEndClient.masked(url) + "' is not the URL of a back end; write");
  }

  @Test
  void what_is_shown_of_a_url_has_no_query() {
    URI url = BackEndClient.url("hooks.http", "https://app.example.org:8443/a/b?key=hidden");
    assertThat(BackEndClient.shown(url)).isEqualTo("https://app.example.org:8443/a/b");
  }

  // --- TLS -------------------------------------------------------------------------------------

  @Test
  void http_2_over_tls_shares_one_connection_and_needs_the_right_authority() throws Exception {
    Pair pair = Pair.SHARED;
    try (var tls = new Http2BackEnd(pair);
        var trusting =
            client("backEnds.privateAddresses=127.0.0.1", "backEnds.caFile=" + pair.cert())) {
      for (int i = 0; i < 3; i++) {
        assertThat(trusting.post(tls.url(), "id", BODY, LONG).body()).asString().isEqualTo("{}");
      }
      assertThat(tls.bodies).containsExactly("{\"a\":1}", "{\"a\":1}", "{\"a\":1}");
      assertThat(tls.connections).hasValue(1);
      var failure =
          catchThrowableOfType(
              BackEndException.class, () -> client.post(tls.url(), "id", BODY, LONG));
      assertThat(failure).hasMessageStartingWith("there is no TLS with it: ");
      assertThat(tls.bodies).hasSize(3);
    }
  }

  @Test
  void a_plain_port_is_no_tls() {
    URI url = URI.create(backEnd.url().replace("http:", "https:"));
    backEnd.manner = RawBackEnd.raw("hello\r\n");
    var failure =
        catchThrowableOfType(
            BackEndException.class, () -> client.post(url, "id", BODY, Duration.ofSeconds(1)));
    assertThat(failure.isAway()).isTrue();
  }

  @Test
  void a_file_of_authorities_that_is_missing_is_named() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> client("backEnds.caFile=/nowhere.pem"))
        .withMessage("backEnds.caFile: there is no file /nowhere.pem");
  }

  @Test
  void one_that_accepts_no_connection_is_not_waited_for() throws IOException {
    // The queue of connections that wait is full.
    try (var full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      URI url = URI.create("http://127.0.0.1:" + full.getLocalPort() + "/");
      for (int i = 0; i < 3; i++) {
        var failure =
            catchThrowableOfType(BackEndException.class, () -> client.post(url, "id", BODY, SHORT));
        assertThat(failure.getMessage())
            .isIn("it did not answer within 200 ms", "it cannot be reached in time");
        assertThat(failure.isAway()).isTrue();
      }
    }
  }
}
