package io.earshot.server.log;

import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import co.elastic.logging.logback.EcsEncoder;
import org.jspecify.annotations.Nullable;

/**
 * The form of the lines of the log, which the settings may change after the first lines.
 *
 * <p>Thread-safe: one volatile field.
 */
final class LineForm extends EncoderBase<ILoggingEvent> {
  private final LogLine text;

  /** Writes lines as JSON; null for lines of text. */
  private volatile @Nullable EcsEncoder json;

  LineForm(LogLine text) {
    this.text = text;
  }

  /**
   * Writes each line as a JSON object from now on, with the fields of the Elastic Common Schema.
   */
  void useJson() {
    var encoder = new EcsEncoder();
    encoder.setContext(getContext());
    encoder.setServiceName("earshot");
    encoder.start();
    json = encoder;
  }

  @Override
  public byte[] headerBytes() {
    return new byte[0];
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    EcsEncoder encoder = json;
    return encoder == null ? text.doLayout(event).getBytes(UTF_8) : encoder.encode(event);
  }

  @Override
  public byte[] footerBytes() {
    return new byte[0];
  }
}
