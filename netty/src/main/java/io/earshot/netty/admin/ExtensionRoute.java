package io.earshot.netty.admin;

import io.earshot.engine.Extensions.Route;
import io.earshot.netty.http.ProblemException;
import io.earshot.spi.ExtensionContext.AdminRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletionStage;

/**
 * A path of the admin API that an extension has added.
 *
 * <p>Immutable.
 */
record ExtensionRoute(Route route) {

  CompletionStage<AdminReply> reply(AdminCall call) throws ProblemException {
    List<String> shape = List.of(route.shape().split("/", -1));
    var names = new ArrayList<String>();
    for (int i = 0; i < shape.size(); i++) {
      if (shape.get(i).equals("*")) {
        names.add(call.names().get(i));
      }
    }
    var query = new HashMap<String, String>();
    call.query().params().forEach((name, values) -> query.put(name, values.getFirst()));
    try {
      return route
          .reply()
          .apply(new AdminRequest(names, query, call.body()))
          .thenApply(AdminReply::ok);
    } catch (NoSuchElementException e) {
      throw new ProblemException(HttpResponseStatus.NOT_FOUND, String.valueOf(e.getMessage()));
    }
  }
}
