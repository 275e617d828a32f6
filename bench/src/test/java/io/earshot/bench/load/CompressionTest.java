package io.earshot.bench.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.bench.metric.Gauge;
import io.earshot.bench.metric.Measurements;
import io.earshot.bench.metric.Metric;
import io.earshot.bench.work.Population;
import io.earshot.bench.work.Traffic;
import io.earshot.bench.work.Transport;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CompressionTest {
  private static final Script SCRIPT = new Script(Wire.WEBSOCKET, "join", "OK", "%msg%");
  private static final int SIZE = 600;

  @ParameterizedTest
  @ValueSource(strings = {"permessage-deflate", "permessage-deflate; server_no_context_takeover"})
  void compressed_deliveries_are_counted_and_so_are_their_bytes_on_the_wire(String extension)
      throws Exception {
    try (var server = new CompressingServer(extension);
        var generator = generator(server)) {
      generator.join();
      Measurements measurements = generator.run(new Traffic(SIZE, 2, 0, 0, 0.3), Gauge.NONE);
      assertThat(measurements.value(Metric.EXPECTED)).isPositive();
      assertThat(measurements.value(Metric.LOST)).isZero();
      assertThat(measurements.value(Metric.DISCONNECTED)).isZero();
      assertThat(measurements.value(Metric.BYTES)).isPositive().isLessThan(SIZE);
    }
  }

  @Test
  void a_server_that_does_not_compress_is_reported() throws Exception {
    try (var server = new CompressingServer(null);
        var generator = generator(server)) {
      assertThatThrownBy(generator::join)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("not compressed: the server did not accept permessage-deflate");
    }
  }

  private static Generator generator(CompressingServer server) throws IOException {
    return new Generator(SCRIPT, Transport.DEFLATE, server.port(), new Population(3, 1, 2), SIZE);
  }
}
