package io.earshot.netty.frame;

import static io.earshot.netty.testing.WebSocketClient.TEXT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.netty.testing.WebSocketClient;
import io.earshot.netty.testing.WebSocketClient.Frame;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server that other programs test the frames with. */
final class EchoServerTest {
  @ParameterizedTest
  @ValueSource(
      strings = {"none", "permessage-deflate", "permessage-deflate; server_max_window_bits=9"})
  void texts_and_binary_messages_come_back(String offer) throws Exception {
    try (EchoServer server = EchoServer.listen(0);
        WebSocketClient client = WebSocketClient.offering(server.port(), null, offer)) {
      boolean isAgreed = !offer.equals("none");
      assertThat(client.extension().isEmpty()).isNotEqualTo(isAgreed);
      byte[] message = "hello hello ".repeat(500).getBytes(UTF_8);
      for (int first : new int[] {TEXT, 0x82}) {
        client.frame(first, message);
        Frame echo = Objects.requireNonNull(client.nextFrame());
        assertThat(echo.first()).isEqualTo(first);
        assertThat(echo.payload()).isEqualTo(message);
        client.frame(first);
        assertThat(Objects.requireNonNull(client.nextFrame()).payload()).isEmpty();
      }
      if (isAgreed) {
        client.frame(0xC2, client.deflated(message));
        assertThat(Objects.requireNonNull(client.nextFrame()).payload()).isEqualTo(message);
      }
      assertThat(client.compressed).isEqualTo(isAgreed ? 3 : 0);
      client.frame(WebSocketClient.CLOSE, (byte) 0x0B, (byte) 0xB8);
      assertThat(client.closeCode()).isEqualTo(3000);
    }
  }

  @Test
  void what_is_broken_ends_the_connection() throws Exception {
    try (EchoServer server = EchoServer.listen(0);
        WebSocketClient client = WebSocketClient.offering(server.port(), null, "none")) {
      client.frame(0xC1, client.deflated((byte) 'x'));
      assertThat(client.closeCode()).isEqualTo(1002);
    }
  }
}
