package io.earshot.netty.frame;

import static io.earshot.netty.testing.WebSocketClient.TEXT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.WebSocketClient;
import io.netty.util.ResourceLeakDetector;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * RFC 7692 against an action that echoes its input: texts of many lengths, compressed and in
 * fragments, for each combination of parameters. Groups 12 and 13 of the Autobahn TestSuite do the
 * same with more messages.
 */
final class DeflateConformanceTest {
  private static final int MAX = 1 << 20;
  private static final int FIN = 0x80;
  private static final int COMPRESSED = 0x40;
  private static final String START = "{\"action\":\"echo\",\"params\":{\"x\":\"";
  private static final String END = "\"}}";

  @SuppressWarnings("NullAway.Init")
  private static List<EarshotServer> servers;

  /** Where each access to a buffer is written down, as elsewhere in tests, this takes minutes. */
  private static final ResourceLeakDetector.Level LEVEL = ResourceLeakDetector.getLevel();

  @BeforeAll
  static void start() {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
    Config config =
        Config.defaults()
            .with("webSockets.compression", "batches")
            .with("webSockets.maxMessageLength", MAX)
            .with("limits.answerBytes", MAX + 1024)
            .with("limits.outboundBytes", 4 * MAX)
            .with("limits.bytesPerSecond", 0)
            .with("limits.messagesPerSecond", 0);
    servers =
        Stream.of(Kind.LEAN_FRAMES, Kind.EPOLL_FRAMES).map(kind -> kind.start(config)).toList();
    servers.forEach(server -> server.api().actions().add(new ConformanceTest.Echo()));
  }

  @AfterAll
  static void stop() {
    servers.forEach(EarshotServer::close);
    ResourceLeakDetector.setLevel(LEVEL);
  }

  static Stream<Arguments> combinations() {
    List<String> offers =
        List.of(
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_no_context_takeover; client_max_window_bits=9",
            "permessage-deflate; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; server_max_window_bits=15",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=8",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=15",
            "permessage-deflate; server_no_context_takeover; server_max_window_bits=9,"
                + " permessage-deflate; server_no_context_takeover, permessage-deflate");
    return offers.stream()
        .flatMap(offer -> Stream.of(Integer.MAX_VALUE, 1_000, 64).map(n -> Arguments.of(offer, n)));
  }

  /** A text that is compressed well in one half and badly in the other. */
  private static String text(int length) {
    var random = new Random(length);
    var text = new StringBuilder("\u00FE✓");
    while (text.length() < length) {
      text.append(
          random.nextBoolean() ? "the same again " : Integer.toString(random.nextInt(), 36));
    }
    return text.substring(0, length);
  }

  @ParameterizedTest(name = "{0}, fragments of {1}")
  @MethodSource("combinations")
  void each_text_comes_back_for_each_combination_of_parameters(String offer, int fragment) {
    for (EarshotServer server : servers) {
      try (WebSocketClient client = WebSocketClient.offering(server.httpPort(), null, offer)) {
        assertThat(client.extension()).startsWith("permessage-deflate; ");
        client.welcome().compressed = 0;
        int compressed = 0;
        for (int length : new int[] {2, 16, 64, 256, 1_024, 4_096, 8_192, 32_768, 131_072}) {
          String text = text(length);
          byte[] message = client.deflated((START + text + END).getBytes(UTF_8));
          for (int at = 0; at < message.length; at += Math.min(fragment, message.length)) {
            int end = at + Math.min(fragment, message.length - at);
            int first = (at == 0 ? TEXT | COMPRESSED : 0) & ~FIN;
            client.frame(
                first | (end == message.length ? FIN : 0), Arrays.copyOfRange(message, at, end));
          }
          assertThat(Objects.requireNonNull(client.nextFrame()).text())
              .contains("\"x\":\"" + text + "\"");
          compressed += length >= 256 ? 1 : 0;
        }
        assertThat(client.compressed).isEqualTo(compressed);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("combinations")
  void what_is_broken_ends_the_connection_for_each_combination(String offer, int fragment) {
    try (WebSocketClient client =
        WebSocketClient.offering(servers.getFirst().httpPort(), null, offer)) {
      byte[] message = client.welcome().deflated((START + text(3_000) + END).getBytes(UTF_8));
      byte[] cut = Arrays.copyOf(message, Math.min(fragment, message.length - 1));
      client.frame(TEXT | COMPRESSED, cut);
      assertThat(client.closeCode()).isEqualTo(1007);
    }
  }
}
