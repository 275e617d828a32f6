package io.earshot.netty.admin;

import io.earshot.engine.Extensions.Route;
import io.earshot.netty.http.ProblemException;
import io.earshot.protocol.Json;
import io.earshot.spi.ExtensionContext.AdminRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A path of the admin API that an extension has added.
 *
 * <p>Immutable.
 */
record ExtensionRoute(Route route) {

  CompletionStage<AdminReply> reply(AdminCall call) {
    List<String> shape = List.of(route.shape().split("/", -1));
    var names = new ArrayList<String>();
    for (int i = 0; i < shape.size(); i++) {
      if (shape.get(i).equals("*")) {
        names.add(call.names().get(i));
      }
    }
    var query = new HashMap<String, String>();
    call.query().params().forEach((name, values) -> query.put(name, values.getFirst()));
    return CompletableFuture.completedFuture(new AdminRequest(names, query, call.body()))
        .thenCompose(route.reply())
        .handle(ExtensionRoute::reply)
        .thenCompose(reply -> reply);
  }

  private static CompletionStage<AdminReply> reply(
      @Nullable Json json, @Nullable Throwable failure) {
    if (json != null) {
      return AdminReply.ok(json).now();
    }
    Throwable cause = ProblemException.cause(failure);
    return CompletableFuture.failedStage(
        cause instanceof NoSuchElementException
            ? new ProblemException(HttpResponseStatus.NOT_FOUND, String.valueOf(cause.getMessage()))
            : cause == null ? new IllegalStateException("no reply") : cause);
  }
}
