package io.earshot.netty;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Actions;
import io.earshot.Call;
import io.earshot.netty.testing.HttpClient;
import io.earshot.netty.testing.Logged;
import io.earshot.netty.testing.ServerWithActions;
import io.earshot.testing.Await;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One HTTP connection: the order of answers, requests that are refused, and how it ends. */
final class HttpHandlerTest {
  @RegisterExtension final ServerWithActions web = new ServerWithActions();

  /** Waits until it is interrupted. */
  static final class Waiting implements Action {
    static final Semaphore BEGUN = new Semaphore(0);

    @Override
    public void run(Call call) throws InterruptedException {
      BEGUN.release();
      new Semaphore(0).acquire();
    }
  }

  @Test
  void answers_keep_the_order_of_their_requests() {
    HttpClient curl = web.curl();
    IntStream.range(0, 30).forEach(i -> curl.sendRequest("GET", "/echo?x=" + i, ""));
    IntStream.range(0, 30)
        .forEach(i -> assertThat(curl.response().body()).contains("[\"" + i + "\"]"));
  }

  @Test
  void requests_before_the_end_of_the_input_are_answered() {
    HttpClient curl = web.curl();
    IntStream.range(0, 5).forEach(i -> curl.sendRequest("GET", "/echo?x=" + i, ""));
    curl.shutdownOutput();
    IntStream.range(0, 5)
        .forEach(i -> assertThat(curl.response().body()).contains("[\"" + i + "\"]"));
    assertThat(curl.read()).isEqualTo(-1);
  }

  @Test
  void unsupported_methods_versions_and_codings_are_refused_with_a_reason() {
    for (String head :
        List.of(
            "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n",
            "TRACE / HTTP/1.1\r\nHost: x\r\n",
            "GET /echo HTTP/2.0\r\nHost: x\r\n",
            "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n")) {
      HttpClient raw = web.curl();
      raw.text(head + "\r\n");
      assertThat(raw.response().status()).isIn(400, 501);
    }
    HttpClient absolute = web.curl();
    assertThat(absolute.get("http://localhost/echo?x=1").body()).contains("\"echo\":[\"1\"]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nabcde",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde",
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nabcde",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.0\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET /echo HTTP/1.1\nHost: x\n\n",
        "GET /echo HTTP/1.1\r\nHost: x\nX: y\r\n\r\n",
        "GET /echo HTTP/1.1\r\n Host: x\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        "GET /echo HTTP/1.1\r\nHo st: x\r\n\r\n",
        "nonsense\r\n\r\n"
      })
  void a_request_that_two_servers_may_read_differently_closes_the_connection(String request) {
    HttpClient raw = web.curl();
    raw.text(request + "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    assertThat(raw.response().status()).isEqualTo(400);
    assertThat(raw.read()).isEqualTo(-1);
  }

  @Test
  void a_client_that_disconnects_at_once_leaves_no_error_in_the_log() throws Exception {
    web.server().api().actions().add(new Waiting());
    List<String> requests =
        List.of(
            "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n",
            "GET /waiting HTTP/1.1\r\nHost: x\r\n\r\n");
    try (var doors = new Logged(HttpHandler.class);
        var actions = new Logged(Actions.class)) {
      for (int i = 0; i < 1_000; i++) {
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), web.server().httpPort())) {
          socket.setSoLinger(true, 0);
          socket.getOutputStream().write(requests.get(i % 2).getBytes(StandardCharsets.US_ASCII));
          if (i % 4 == 1) {
            Waiting.BEGUN.acquire();
          }
        } catch (SocketException e) {
          // It may have been sent away while it wrote.
        }
      }
      Await.until("no action runs", () -> web.server().api().actions().running() == 0);
      assertThat(doors.lines()).isEmpty();
      assertThat(actions.lines()).isEmpty();
    }
  }

  @Test
  void heads_cookies_and_bodies_have_limits() {
    assertThat(web.curl().get("/echo", "Cookie: " + "a=b; ".repeat(10_000)).status())
        .isEqualTo(431);
    var headers = new ArrayList<String>();
    IntStream.range(0, 100_000).forEach(i -> headers.add("X-" + i + ": y"));
    try (HttpClient many = new HttpClient(web.server().httpPort(), false)) {
      many.text(
          "GET /echo HTTP/1.1\r\n" + String.join("\r\n", headers.subList(0, 2000)) + "\r\n\r\n");
      assertThat(many.response().status()).isEqualTo(431);
    }
    assertThat(web.curl().get("/" + "x".repeat(10_000)).status()).isEqualTo(414);
    try (HttpClient big = new HttpClient(web.server().httpPort(), false)) {
      big.text("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n");
      assertThat(big.response().status()).isEqualTo(413);
      assertThat(big.read()).isEqualTo(-1);
    }
    String query = "x=1&".repeat(1_500);
    assertThat(web.curl().get("/echo?" + query).status()).isEqualTo(200);
  }

  @Test
  void a_body_that_never_ends_has_one_deadline_and_its_limit() throws Exception {
    web.restart("httpServer.requestTimeout=1s");
    HttpClient slow = web.curl();
    slow.text("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
    assertThat(slow.read()).isEqualTo(-1);
  }
}
