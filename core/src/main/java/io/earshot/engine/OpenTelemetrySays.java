package io.earshot.engine;

import io.earshot.spi.SaySpan;
import io.earshot.spi.SayTracer;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Spans of says in OpenTelemetry: {@code earshot say}, and in it {@code order} and {@code deliver}.
 *
 * <p>Immutable. The only class that knows OpenTelemetry, whose API need not be there: {@link
 * ProgramTracer} loads it.
 */
final class OpenTelemetrySays implements SayTracer {
  private static final TextMapGetter<String> PARENT = new Parent();

  private final Tracer tracer;

  private OpenTelemetrySays(Tracer tracer) {
    this.tracer = tracer;
  }

  /**
   * The tracer of the program's SDK; null if the program has set none, or one that does nothing.
   */
  static @Nullable SayTracer ofSdk() {
    // get() would set the SDK for ever, before the program can.
    return GlobalOpenTelemetry.isSet() ? of(GlobalOpenTelemetry.get()) : null;
  }

  private static @Nullable SayTracer of(OpenTelemetry sdk) {
    Tracer tracer = sdk.getTracer("io.earshot");
    boolean isReal =
        tracer.spanBuilder("probe").startSpan().getSpanContext().isValid(); // never ended
    return isReal ? new OpenTelemetrySays(tracer) : null;
  }

  @Override
  public SaySpan begin(String room, @Nullable String parent) {
    Context context = Context.root();
    if (parent != null) {
      context = W3CTraceContextPropagator.getInstance().extract(context, parent, PARENT);
    }
    Span say =
        tracer
            .spanBuilder("earshot say")
            .setParent(context)
            .setSpanKind(SpanKind.SERVER)
            .setAttribute("earshot.room", room)
            .startSpan();
    return new Spans(tracer, say, context.with(say));
  }

  private static final class Parent implements TextMapGetter<String> {
    @Override
    @SuppressWarnings("deprecation") // older versions of the API call it
    public Iterable<String> keys(String carrier) {
      return List.of("traceparent");
    }

    @Override
    public @Nullable String get(@Nullable String carrier, String key) {
      return key.equals("traceparent") ? carrier : null;
    }
  }

  /**
   * The three spans of a say.
   *
   * <p>Handed from loop to loop with the say; the spans are thread-safe.
   */
  private static final class Spans implements SaySpan {
    private final Tracer tracer;
    private final Span say;
    private final Context context;
    private volatile @Nullable Span order;
    private volatile @Nullable Span deliver;

    Spans(Tracer tracer, Span say, Context context) {
      this.tracer = tracer;
      this.say = say;
      this.context = context;
    }

    @Override
    public void ordering() {
      order = tracer.spanBuilder("order").setParent(context).startSpan();
    }

    @Override
    public void ordered(long offset) {
      Span span = order;
      if (span != null) {
        if (offset >= 0) {
          var unused = span.setAttribute("earshot.offset", offset);
        }
        span.end();
      }
    }

    @Override
    public void delivering() {
      deliver = tracer.spanBuilder("deliver").setParent(context).startSpan();
    }

    @Override
    public void delivered() {
      Span span = deliver;
      if (span != null) {
        span.end();
      }
    }

    @Override
    public void ended(@Nullable String refusal) {
      if (refusal != null) {
        var unused = say.setStatus(StatusCode.ERROR, refusal);
      }
      say.end();
    }
  }
}
