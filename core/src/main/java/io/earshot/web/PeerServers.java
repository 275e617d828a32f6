package io.earshot.web;

import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The other servers of a cluster, as HTTP clients need them: each client belongs to one server at a
 * time. Callable from any thread.
 */
public interface PeerServers {

  /**
   * Runs an action for an HTTP client on the server that the client belongs to; it belongs to this
   * server if it belongs to no other.
   *
   * @param ttl how long the client belongs to a server after a request, in milliseconds
   * @param here the clients of this server
   */
  CompletableFuture<WebAnswer> ask(
      Visitor visitor, String action, Map<String, Json> params, long ttl, WebClients here);

  /** Ends the ownership of a client, which then belongs to no server. */
  void release(String id);
}
