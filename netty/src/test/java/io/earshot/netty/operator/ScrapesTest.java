package io.earshot.netty.operator;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.spi.MetricsExporter;
import io.earshot.testing.Await;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How many texts are made for how many scrapes. */
final class ScrapesTest {
  private final AtomicLong now = new AtomicLong();
  private final AtomicInteger rendering = new AtomicInteger();
  private final AtomicInteger most = new AtomicInteger();
  private final AtomicInteger rendered = new AtomicInteger();
  private final Semaphore permits = new Semaphore(0);
  private final Scrapes scrapes = new Scrapes(new Slow(), now::get);

  /** Renders when it gets a permit. */
  private final class Slow implements MetricsExporter {
    @Override
    public byte[] render(Format format) {
      most.accumulateAndGet(rendering.incrementAndGet(), Math::max);
      permits.acquireUninterruptibly();
      rendering.decrementAndGet();
      int number = rendered.incrementAndGet();
      if (number == 13) {
        throw new IllegalStateException("planted");
      }
      return (format + " " + number).getBytes(UTF_8);
    }

    @Override
    public void start() {}

    @Override
    public void close() {}
  }

  private CompletableFuture<byte[]> prometheus() {
    return scrapes.text(MetricsExporter.Format.PROMETHEUS);
  }

  private static String text(CompletableFuture<byte[]> scrape) {
    return new String(scrape.orTimeout(20, TimeUnit.SECONDS).join(), UTF_8);
  }

  private void pass(long millis) {
    now.addAndGet(Duration.ofMillis(millis).toNanos());
  }

  @Test
  void scrapes_at_once_share_a_text_and_so_do_those_of_the_next_tenth_of_a_second() {
    var asked = IntStream.range(0, 50).mapToObj(_ -> prometheus()).toList();
    permits.release(50);
    assertThat(asked.stream().map(ScrapesTest::text)).containsOnly("PROMETHEUS 1");
    pass(99);
    assertThat(text(prometheus())).isEqualTo("PROMETHEUS 1");
    pass(1);
    assertThat(text(prometheus())).isEqualTo("PROMETHEUS 2");
  }

  @Test
  void a_text_that_takes_long_is_waited_for_and_not_made_a_second_time() {
    var first = prometheus();
    Await.until("a text that is being made", () -> rendering.get() == 1);
    pass(5_000);
    var second = prometheus();
    permits.release(1);
    assertThat(List.of(text(first), text(second))).containsOnly("PROMETHEUS 1");
  }

  @Test
  void one_text_at_a_time_is_made_whatever_their_formats() {
    var one = prometheus();
    var other = scrapes.text(MetricsExporter.Format.OPEN_METRICS);
    permits.release(2);
    assertThat(text(one)).isEqualTo("PROMETHEUS 1");
    assertThat(text(other)).isEqualTo("OPEN_METRICS 2");
    assertThat(most).hasValue(1);
  }

  @Test
  void a_client_that_leaves_takes_its_text_from_nobody_else() {
    var left = prometheus();
    var stays = prometheus();
    left.cancel(true);
    permits.release(1);
    assertThat(text(stays)).isEqualTo("PROMETHEUS 1");
  }

  @Test
  void after_a_failure_the_next_scrape_tries_again() {
    rendered.set(12);
    permits.release(2);
    assertThatThrownBy(() -> text(prometheus())).hasRootCauseMessage("planted");
    pass(100);
    assertThat(text(prometheus())).isEqualTo("PROMETHEUS 14");
  }
}
