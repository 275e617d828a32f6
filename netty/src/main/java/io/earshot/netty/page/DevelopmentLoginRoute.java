package io.earshot.netty.page;

import io.earshot.RefusedException;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.RequestBody;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.protocol.Json;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Map;

/**
 * Gives visitors of the chat page a login: {@code POST /development-login} with the name, and the
 * token that the page has, if any. {@code GET} tells whether there are logins. Pages of other
 * origins get none, whatever the settings allow them.
 *
 * <p>Immutable.
 */
public final class DevelopmentLoginRoute {
  /** A login counts as this many requests more for the rate of the client's address. */
  private static final int COST = 4;

  private final Site site;

  public DevelopmentLoginRoute(Site site) {
    this.site = site;
  }

  /** Answers a request. */
  public Answer answer(WebExchange exchange) throws ProblemException {
    String off = site.engine().http().whyNoDevelopmentLogin();
    if (exchange.isRead()) {
      var available = new Json.Obj(Map.of("available", Json.of(off == null)));
      return Answer.now(Responses.json(HttpResponseStatus.OK, available.encode()));
    } else if (off != null) {
      throw new ProblemException(HttpResponseStatus.NOT_FOUND, off);
    } else if (!exchange.method().equals(HttpMethod.POST)) {
      throw ProblemException.methodNotAllowed(exchange.method(), "GET, HEAD, POST");
    } else if (exchange.isFromAnotherOrigin()) {
      throw new ProblemException(
          HttpResponseStatus.FORBIDDEN, "pages of other sites get no development login");
    } else if (!RequestBody.mediaType(exchange.request()).equals("application/json")) {
      // No form of another site has this type.
      throw new ProblemException(
          HttpResponseStatus.UNSUPPORTED_MEDIA_TYPE, "the body has to be application/json");
    }
    exchange.check();
    exchange.charge(COST);
    Map<String, Json> fields = RequestBody.object(RequestBody.text(exchange.request()));
    if (!(fields.get("name") instanceof Json.Text(String name))) {
      throw ProblemException.badRequest("name is required: a text");
    }
    String previous = fields.get("token") instanceof Json.Text(String token) ? token : null;
    try {
      Json.Obj answer = site.engine().http().developmentLogin(name.strip(), previous);
      return Answer.now(Responses.json(HttpResponseStatus.OK, answer.encode()));
    } catch (RefusedException e) {
      throw ProblemException.badRequest(String.valueOf(e.getMessage()));
    }
  }
}
