package io.earshot.web;

import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** What is asked of the other servers of a cluster for HTTP clients. Callable from any thread. */
public interface PeerServers {

  /**
   * Runs an action for an HTTP client on whatever server that is.
   *
   * @param ttl how long it is that server's, in milliseconds
   * @param here where it is if it is on this one
   */
  CompletableFuture<WebAnswer> ask(
      Visitor visitor, String action, Map<String, Json> params, long ttl, WebClients here);

  /** A client is no server's any more. */
  void release(String id);
}
