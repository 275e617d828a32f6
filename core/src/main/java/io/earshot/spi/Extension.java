package io.earshot.spi;

import io.earshot.Config;
import java.util.List;

/**
 * A part of the server that is on the class path only where it is wanted, such as webhooks. {@link
 * java.util.ServiceLoader} finds it.
 */
public interface Extension {

  /**
   * The settings that need this part.
   *
   * @param config the settings of the server
   * @return the paths of those that are set; empty if the part has nothing to do
   */
  List<String> asked(Config config);

  /**
   * Starts. Called once, before any port opens; only if {@link #asked} names a setting.
   *
   * @param context the server
   * @return called when the server stops, after its clients were told so; bounded
   * @throws IllegalArgumentException if a setting is wrong; the message names it
   */
  AutoCloseable start(ExtensionContext context);
}
