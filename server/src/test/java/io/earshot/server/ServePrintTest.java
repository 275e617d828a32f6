package io.earshot.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What the server prints on stdout. */
class ServePrintTest {
  @Test
  void a_stdout_that_nobody_reads_does_not_stop_the_server_from_stopping() {
    var read = new CountDownLatch(1);
    var full = new PrintWriter(new FullPipe(read));
    assertTimeoutPreemptively(
        Duration.ofSeconds(30),
        () -> {
          Serve.print(full, "Earshot is stopping.");
          Serve.print(full, "Earshot has stopped.");
        });
    assertThat(read.getCount()).isOne();
    read.countDown();
  }

  @Test
  void a_text_is_printed_before_the_server_goes_on() {
    var text = new StringWriter();
    Serve.print(new PrintWriter(text), "Earshot is stopping.");
    assertThat(text).hasToString("Earshot is stopping.");
  }

  /** A pipe that takes nothing until it is read. */
  private static final class FullPipe extends Writer {
    private final CountDownLatch read;

    FullPipe(CountDownLatch read) {
      this.read = read;
    }

    @Override
    public void write(char[] text, int from, int length) {
      flush();
    }

    @Override
    public void flush() {
      try {
        read.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() {}
  }
}
