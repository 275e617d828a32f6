package io.earshot.bench.load;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

final class MarkersTest {
  private static final String MARKER = "@@0000001234567890";

  private final DeliveryCounter deliveries = new DeliveryCounter();
  private final Room room = new Room(0, 1);

  MarkersTest() {
    deliveries.startCounting();
  }

  @Test
  void a_time_is_written_with_sixteen_digits() {
    assertThat(new String(Markers.marker(1_234_567_890), US_ASCII)).isEqualTo(MARKER);
  }

  @Test
  void the_time_in_a_marker_is_when_the_message_was_due() {
    deliveries.startMeasuring();
    deliveries.reading(1_234_567_890L + 5_000_000, 1);
    scan(new Markers(deliveries, room, 0), MARKER, 0, MARKER.length());
    assertThat(deliveries.latency(100)).isBetween(4.99, 5.01);
  }

  @Test
  void markers_are_found_wherever_reads_divide_them() {
    String text =
        "{\"message\":\"" + MARKER + "xx\"}\n{\"message\":\"@" + MARKER + "xx\"}" + MARKER;
    for (int first = 0; first <= text.length(); first++) {
      for (int second = first; second <= text.length(); second++) {
        long before = deliveries.counted();
        var markers = new Markers(deliveries, room, 2);
        scan(markers, text, 0, first);
        scan(markers, text, first, second);
        scan(markers, text, second, text.length());
        assertThat(deliveries.counted() - before)
            .as("cut at %s and %s", first, second)
            .isEqualTo(3);
      }
    }
  }

  @Test
  void markers_are_found_when_bytes_come_one_by_one() {
    String text = MARKER + "@@12@" + MARKER + "@" + MARKER;
    var markers = new Markers(deliveries, room, 0);
    for (int i = 0; i < text.length(); i++) {
      scan(markers, text, i, i + 1);
    }
    assertThat(deliveries.counted()).isEqualTo(3);
  }

  @Test
  void text_that_resembles_a_marker_does_not_count() {
    var markers = new Markers(deliveries, room, 0);
    String text = "@ @@ @@123 @@00000012345678:0 @@/000000123456789 me@@example.org";
    scan(markers, text, 0, text.length());
    assertThat(deliveries.counted()).isZero();
  }

  @Test
  void only_the_padding_is_skipped() {
    var markers = new Markers(deliveries, room, 5);
    String text = MARKER + "@@@@@" + MARKER;
    scan(markers, text, 0, text.length());
    assertThat(deliveries.counted()).isEqualTo(2);
  }

  @Test
  void each_frame_has_one_marker() {
    var markers = new Markers(deliveries, room, Markers.REST_OF_MESSAGE);
    scan(markers, MARKER + MARKER, 0, 2 * MARKER.length());
    assertThat(deliveries.counted()).isEqualTo(1);
    markers.endOfMessage();
    scan(markers, MARKER, 0, MARKER.length());
    assertThat(deliveries.counted()).isEqualTo(2);
  }

  private static void scan(Markers markers, String text, int from, int end) {
    var bytes = ByteBuffer.wrap(text.getBytes(US_ASCII)).order(ByteOrder.LITTLE_ENDIAN);
    // The scan must not read beyond the end.
    markers.scan(bytes.limit(end), from, end);
  }
}
