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
 * A client that is not connected yet. Over TCP: the JDK closes a WebSocket that is not open yet.
 */
final class ConnectingTest {

  @Test
  void interrupting_the_thread_that_connects_closes_the_connection() throws Exception {
    try (var listening = new ServerSocket(0)) {
      var failure = new CompletableFuture<Throwable>();
      Thread connecting =
          Thread.startVirtualThread(
              () -> {
                try {
                  URI server = URI.create("tcp://localhost:" + listening.getLocalPort());
                  EarshotClient.connect(server).close();
                } catch (EarshotException e) {
                  failure.complete(e);
                }
              });
      try (Socket accepted = listening.accept()) {
        accepted.setSoTimeout(20_000);
        accepted.getOutputStream().write("{\"context\":\"api\",\"room\":\"r\"}\n".getBytes(UTF_8));
        var lines = new BufferedReader(new InputStreamReader(accepted.getInputStream(), UTF_8));
        assertThat(lines.readLine())
            .contains("detailsView"); // the last request before the client is connected
        connecting.interrupt();
        assertThat(failure.get(20, TimeUnit.SECONDS)).hasMessageContaining("interrupted");
        assertThat(lines.readAllLines()).containsExactly("{\"event\":\"quit\"}");
      }
    }
  }
}
