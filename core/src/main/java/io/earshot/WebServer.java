package io.earshot;

import io.earshot.protocol.Json;
import java.util.concurrent.CompletionStage;

/**
 * What concerns clients that come by HTTP. Its method keeps the name that the chat documentation of
 * actionHero gives it.
 *
 * <p>Thread-safe: holds nothing.
 */
public interface WebServer {
  /**
   * Takes the oldest message out of a client's queue.
   *
   * @param connection the client
   * @return the message as an object, or JSON's null if none waits, queues are off, or the client
   *     came by something else
   */
  CompletionStage<Json> getWebChatMessage(Connection connection);
}
