package io.earshot.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Target;
import io.earshot.protocol.Json;
import io.earshot.spi.ConnectRequest;
import io.earshot.spi.Visitor;
import io.earshot.testing.TestServer;
import io.earshot.testing.TestServer.Guest;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Spans of says, in the SDK of the program. */
final class OpenTelemetrySaysTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String PARENT = "00-" + TRACE + "-b7ad6b7169203331-01";

  private final InMemorySpanExporter spans = InMemorySpanExporter.create();

  @AfterEach
  void reset() {
    GlobalOpenTelemetry.resetForTest();
  }

  private TestServer server() {
    GlobalOpenTelemetry.resetForTest();
    GlobalOpenTelemetry.set(
        OpenTelemetrySdk.builder()
            .setTracerProvider(
                SdkTracerProvider.builder()
                    .addSpanProcessor(SimpleSpanProcessor.create(spans))
                    .build())
            .build());
    return new TestServer(1, TestServer.quiet());
  }

  private SpanData span(String name) {
    return spans.getFinishedSpanItems().stream()
        .filter(each -> each.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void a_say_has_a_span_with_its_order_and_its_delivery_in_the_trace_of_the_sender() {
    TestServer server = server();
    Guest speaker = server.guest();
    Guest other = server.guest();
    String said =
        speaker.ask("{\"event\":\"say\",\"message\":\"hi\",\"traceparent\":\"" + PARENT + "\"}");
    assertThat(said).contains("\"status\":\"OK\"");
    assertThat(other.hear().getFirst()).doesNotContain("trace");
    SpanData say = span("earshot say");
    assertThat(say.getTraceId()).isEqualTo(TRACE);
    assertThat(say.getParentSpanId()).isEqualTo("b7ad6b7169203331");
    assertThat(say.getAttributes().get(AttributeKey.stringKey("earshot.room")))
        .isEqualTo("defaultRoom");
    assertThat(span("order").getParentSpanId()).isEqualTo(say.getSpanId());
    assertThat(span("order").getAttributes().get(AttributeKey.longKey("earshot.offset")))
        .isEqualTo(1);
    assertThat(span("deliver").getParentSpanId()).isEqualTo(say.getSpanId());
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"garbage\"", "\"00-0-0-01\"", "7", "null", "[]", "\"\""})
  void a_traceparent_that_is_none_is_ignored(String parent) {
    Guest speaker = server().guest();
    assertThat(speaker.ask("{\"event\":\"say\",\"message\":\"hi\",\"traceparent\":" + parent + "}"))
        .contains("\"status\":\"OK\"");
    assertThat(span("earshot say").getParentSpanContext().isValid()).isFalse();
  }

  @Test
  void a_say_that_is_refused_is_an_error_of_its_span() {
    TestServer server = server();
    Guest speaker = server.guest();
    var muted =
        server
            .earshot
            .api()
            .moderation()
            .mute(new Target.Id(speaker.id()), null, Duration.ofHours(1), "loud");
    server.settle();
    assertThat(muted.toCompletableFuture()).isCompleted();
    speaker.ask("say hey");
    assertThat(span("earshot say").getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(span("earshot say").getStatus().getDescription()).contains("you are muted");
    assertThat(spans.getFinishedSpanItems()).hasSize(1);
  }

  @Test
  void a_post_to_a_room_takes_up_the_trace_of_its_header() {
    TestServer server = server();
    var visitor =
        new Visitor(
            "f".repeat(40),
            "attic",
            new InetSocketAddress("127.0.0.1", 1),
            null,
            new Headers(Map.of("traceparent", List.of(PARENT))));
    var said = server.earshot.http().say(visitor, "attic", null, Json.of("hi"), null, "", null);
    server.settle();
    assertThat(said).isCompleted();
    assertThat(span("earshot say").getTraceId()).isEqualTo(TRACE);
    assertThat(span("earshot say").getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    assertThat(span("order").getTraceId()).isEqualTo(TRACE);
  }

  @Test
  void without_an_sdk_there_is_no_tracer_and_the_program_can_still_set_one() {
    GlobalOpenTelemetry.resetForTest();
    assertThat(ProgramTracer.find()).isNull();
    assertThat(GlobalOpenTelemetry.isSet()).isFalse();
    GlobalOpenTelemetry.set(OpenTelemetry.noop());
    assertThat(ProgramTracer.find()).isNull();
  }

  /** The headers of a request. */
  private record Headers(Map<String, List<String>> headers) implements ConnectRequest {
    @Override
    public @Nullable String loginToken() {
      return null;
    }

    @Override
    public Map<String, String> cookies() {
      return Map.of();
    }

    @Override
    public Map<String, List<String>> query() {
      return Map.of();
    }
  }
}
