package io.earshot;

import io.earshot.protocol.Json;
import java.util.concurrent.CompletionStage;

/**
 * The message queues of HTTP clients. {@link #getWebChatMessage} has the name and the behaviour of
 * actionHero's chat documentation.
 *
 * <p>Thread-safe: callable from any thread, and nothing here blocks.
 */
public interface WebServer {
  /**
   * Takes the oldest message from a client's queue. The setting {@code
   * commonWeb.httpClientMessageTTL} says how long a message stays there.
   *
   * @param connection the client
   * @return the message as an object; JSON's null if the queue is empty, queues are off, or the
   *     client is not an HTTP client. Completed on any thread
   */
  CompletionStage<Json> getWebChatMessage(Connection connection);
}
