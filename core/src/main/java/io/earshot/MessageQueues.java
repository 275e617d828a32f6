package io.earshot;

import io.earshot.protocol.Json;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** What {@link WebServer} says, done. */
final class MessageQueues implements WebServer {
  MessageQueues() {}

  @Override
  public CompletionStage<Json> getWebChatMessage(Connection connection) {
    return connection instanceof WebConnection client
        ? client.takeMessage(0).thenApply(WebConnection::parsed)
        : CompletableFuture.completedFuture(new Json.Null());
  }
}
