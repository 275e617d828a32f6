package io.earshot.spi;

import io.earshot.Api;
import io.earshot.protocol.Json;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.LongSupplier;

/** The server, as an {@link Extension} sees it. Thread-safe. */
public interface ExtensionContext {

  /**
   * The API for programs.
   *
   * @return the API, whose hooks are removed when the server stops
   */
  Api api();

  /**
   * Reads earlier messages of rooms from an archive, where rooms do not remember them. Called while
   * the extension starts.
   *
   * @param archive the archive, which stays for as long as the server runs
   */
  void archive(Archive archive);

  /**
   * Tells rooms the messages of a source, from now on until the server stops. In a cluster, each
   * server waits for its turn in {@link Source#open}.
   *
   * @param source the source
   */
  void source(Source source);

  /**
   * The identity of what this server is part of: the same on all servers of a cluster, and another
   * one in each other cluster and of each server that is alone. A server that is alone has another
   * one after a restart.
   *
   * @return a random text; failed within a bounded time while the cluster cannot be reached. It may
   *     change when the store of the cluster has lost its data
   */
  CompletionStage<String> deployment();

  /**
   * Adds a value to the metrics.
   *
   * @param name such as {@code earshot.webhooks.sent}; one that ends in {@code .waiting} or {@code
   *     .paused} may fall, others only grow
   * @param meaning a sentence for the documentation
   * @param tags names and values, such as the rule
   * @param value reads it, on any thread, without waiting
   */
  void metric(String name, String meaning, Map<String, String> tags, LongSupplier value);

  /**
   * Adds a path to the admin API: {@code METHOD /admin/SHAPE}, where {@code *} stands for a name.
   *
   * @param method such as GET
   * @param shape such as {@code webhooks} or {@code webhooks/*}
   * @param reply answers a call; fails with an {@link IllegalArgumentException} for 400, a {@link
   *     java.util.NoSuchElementException} for 404, a {@link io.earshot.RefusedException} for 409.
   *     Called on a virtual thread, which may block
   */
  void adminRoute(String method, String shape, Function<AdminRequest, CompletionStage<Json>> reply);

  /**
   * Tells the operator of a problem, in the log (at most once a minute for each name) and among the
   * problems of the overview.
   *
   * @param name the name of what it is about, such as the URL of a back end
   * @param what a sentence
   */
  void problem(String name, String what);

  /**
   * A call of an admin path.
   *
   * @param names the names in the place of each {@code *}, decoded
   * @param query the parameters of the query, the first of each name
   * @param body the fields of the body; empty without one
   */
  record AdminRequest(List<String> names, Map<String, String> query, Map<String, Json> body) {}
}
