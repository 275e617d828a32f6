package io.earshot.web;

import io.earshot.Connection;
import io.earshot.WebServer;
import io.earshot.protocol.Json;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The message queues of HTTP clients, for programs.
 *
 * <p>Immutable; the queues belong to their connections.
 */
public final class MessageQueues implements WebServer {
  public MessageQueues() {}

  @Override
  public CompletionStage<Json> getWebChatMessage(Connection connection) {
    return connection instanceof WebConnection client
        ? client.takeMessage(0).thenApply(WebConnection::parsed)
        : CompletableFuture.completedFuture(new Json.Null());
  }
}
