package io.earshot.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * A client that is not connected yet, by TCP: of a WebSocket that is not open the JDK takes care.
 */
final class ConnectingTest {

  @Test
  void who_is_interrupted_while_connecting_leaves_nobody_there() throws Exception {
    try (var door = new ServerSocket(0)) {
      var failure = new CompletableFuture<Throwable>();
      Thread connecting =
          Thread.startVirtualThread(
              () -> {
                try {
                  URI server = URI.create("tcp://localhost:" + door.getLocalPort());
                  EarshotClient.connect(server).close();
                } catch (EarshotException e) {
                  failure.complete(e);
                }
              });
      try (Socket there = door.accept()) {
        there.setSoTimeout(20_000);
        there.getOutputStream().write("{\"context\":\"api\",\"room\":\"r\"}\n".getBytes(UTF_8));
        var said = new BufferedReader(new InputStreamReader(there.getInputStream(), UTF_8));
        assertThat(said.readLine()).contains("detailsView"); // it is in, and is about to say so
        connecting.interrupt();
        assertThat(failure.get(20, TimeUnit.SECONDS)).hasMessageContaining("interrupted");
        assertThat(said.readAllLines()).containsExactly("{\"event\":\"quit\"}");
      }
    }
  }
}
