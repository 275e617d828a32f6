package io.earshot.netty.action;

import io.earshot.Config;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.MalformedRequestException;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Query;
import io.earshot.netty.http.Responses;
import io.earshot.netty.http.Site;
import io.earshot.netty.http.WebExchange;
import io.earshot.protocol.Json;
import io.earshot.spi.BrokerException;
import io.earshot.spi.WebAnswer;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Answers requests for actions, the chat among them, and encodes their answers in the format that
 * the client asks for.
 *
 * <p>Immutable. Answers are encoded on the thread that the action ran on, since they may be long.
 */
public final class ActionRoute {
  private static final System.Logger LOG = System.getLogger(ActionRoute.class.getName());

  private final Site site;
  private final Config config;

  public ActionRoute(Site site) {
    this.site = site;
    this.config = site.config();
  }

  public Answer answer(WebExchange exchange, Query query)
      throws MalformedRequestException, ProblemException {
    WebRequest request =
        WebRequest.of(exchange.request(), query, site.engine().http()::understands);
    String callback = request.text("callback");
    boolean isChat = request.action().equals("chat");
    if (request.params().containsKey("callback")
        && (callback == null || !Envelope.isCallback(callback))) {
      return refused(
          HttpResponseStatus.BAD_REQUEST,
          "callback must be a name of at most 64 letters, digits, _, $ and .");
    }
    if (callback != null && isChat && "messages".equals(request.text("method"))) {
      return refused(
          HttpResponseStatus.BAD_REQUEST, "messages are not given to scripts; leave out callback");
    }
    if (isChat && exchange.isHead()) {
      return refused(HttpResponseStatus.METHOD_NOT_ALLOWED, "HEAD does not chat; use GET or POST");
    }
    if (isChat && exchange.isForeign()) {
      return refused(HttpResponseStatus.FORBIDDEN, WebExchange.foreign("chat"));
    }
    // A path of no action is no request of a client: it makes no member and sets no cookie.
    boolean isNothing =
        request.isPath() && site.engine().api().actions().find(request.action()).isEmpty();
    if (!isNothing) {
      exchange.checkLogin(site.engine().http().needsClient(request.action()));
    }
    exchange.check();
    return Answer.encodedOffLoop(
        isNothing
            ? exchange.askOnce(request.action())
            : exchange.ask(request.action(), request.params()),
        (answer, ignored) -> encodedSafely(exchange, request, isNothing, answer));
  }

  private static Answer refused(HttpResponseStatus status, String error) {
    return Answer.now(Responses.error(status, error));
  }

  private FullHttpResponse encodedSafely(
      WebExchange exchange, WebRequest request, boolean isNothing, @Nullable WebAnswer answer) {
    try {
      return encoded(
          exchange,
          request,
          isNothing,
          answer == null
              ? WebAnswer.failed(500, "Error: " + BrokerException.INTERNAL_ERROR)
              : answer);
    } catch (RuntimeException | Error e) {
      exchange
          .loop()
          .execute(
              () ->
                  exchange
                      .loop()
                      .report(LOG, "the answer of " + request.action() + " cannot be encoded", e));
      return Responses.error(
          HttpResponseStatus.INTERNAL_SERVER_ERROR, BrokerException.INTERNAL_ERROR);
    }
  }

  private FullHttpResponse encoded(
      WebExchange exchange, WebRequest request, boolean isNothing, WebAnswer answer) {
    Json.Obj all =
        Envelope.answer(
            answer.fields(),
            serverInformation(exchange.duration()),
            requestorInformation(exchange, request),
            answer.error());
    String callback = request.text("callback");
    Envelope envelope =
        callback != null
            ? Envelope.script(callback, all)
            : "xml".equals(request.text("outputType"))
                ? Envelope.xml(all, config.limits())
                : Envelope.json(all);
    config.limits().checkAnswer(envelope.body().length);
    boolean hasStatus =
        isNothing || answer.status() == 500 || config.commonWeb().returnErrorCodes();
    FullHttpResponse response =
        Responses.of(
            HttpResponseStatus.valueOf(hasStatus ? answer.status() : 200),
            envelope.type(),
            envelope.body());
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    if (!isNothing && site.engine().http().needsClient(request.action())) {
      exchange.setCookie(response);
    }
    if (answer.roomChosen() != null) {
      exchange.setRoomCookie(response, answer.roomChosen());
    }
    return response;
  }

  private Json.Obj serverInformation(long duration) {
    var fields = new LinkedHashMap<String, Json>();
    fields.put("serverName", Json.of(config.general().serverName()));
    fields.put("apiVersion", Json.of(config.general().apiVersion()));
    fields.put("requestDuration", Json.of(duration));
    fields.put("currentTime", Json.of(System.currentTimeMillis()));
    return new Json.Obj(fields);
  }

  private static Json.Obj requestorInformation(WebExchange exchange, WebRequest request) {
    var received = new LinkedHashMap<>(request.params());
    received.put("action", Json.of(request.action()));
    var fields = new LinkedHashMap<String, Json>();
    fields.put("id", Json.of(exchange.clientId()));
    fields.put("remoteAddress", Json.of(exchange.address().getAddress().getHostAddress()));
    fields.put("receivedParams", new Json.Obj(received));
    return new Json.Obj(fields);
  }
}
