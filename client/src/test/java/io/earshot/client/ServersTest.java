package io.earshot.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Addresses that are wrong, and a server with many clients. */
final class ServersTest extends ClientTest {

  @Test
  void a_failure_to_connect_names_the_address() throws IOException {
    int unused;
    try (var socket = new ServerSocket(0)) {
      unused = socket.getLocalPort();
    }
    assertThatThrownBy(() -> EarshotClient.connect(uri(unused)))
        .isInstanceOf(EarshotException.class)
        .hasMessageContaining("no server at " + scheme + "://localhost:" + unused);
    for (String none :
        List.of(
            "gopher://localhost",
            "localhost:5000",
            scheme + ":localhost:5000",
            scheme + "://my_host:5000",
            scheme + "://localhost:99999")) {
      assertThatThrownBy(() -> EarshotClient.connect(URI.create(none)))
          .isInstanceOf(EarshotException.class)
          .hasMessageStartingWith("an address is ws://HOST:PORT")
          .hasMessageEndingWith(none);
    }
  }

  @Test
  void a_refused_connection_and_a_refused_handshake_are_explained() throws IOException {
    int unused;
    try (var socket = new ServerSocket(0)) {
      unused = socket.getLocalPort();
    }
    assertThatThrownBy(() -> EarshotClient.connect(uri(unused)))
        .message()
        .containsAnyOf("Connection refused", "nothing listens on this port");
    assertThatThrownBy(
            () ->
                EarshotClient.connect(
                    URI.create("ws://localhost:" + server.httpPort() + "/nowhere")))
        .hasMessageEndingWith("the server answered the WebSocket handshake with status 404");
  }

  @Test
  void a_thousand_clients_do_not_use_a_thousand_threads() throws Exception {
    List<EarshotClient> clients = new ArrayList<>();
    for (int i = 0; i < 1_000; i += 100) {
      List<CompletionStage<EarshotClient>> some =
          IntStream.range(0, 100)
              .mapToObj(_ -> EarshotClient.builder(uri(port())).connectAsync())
              .toList();
      for (CompletionStage<EarshotClient> each : some) {
        clients.add(opened(get(each)));
      }
    }
    var received = new CountDownLatch(999);
    clients.forEach(client -> client.home().onMessage(_ -> received.countDown()));
    clients.getFirst().home().say("hello, all");
    assertThat(received.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(Thread.getAllStackTraces()).hasSizeLessThan(100);
  }
}
