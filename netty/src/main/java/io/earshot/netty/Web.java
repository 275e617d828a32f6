package io.earshot.netty;

import io.earshot.Config;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.engine.Engine;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who asks for an action over HTTP, and the answer that goes back to them.
 *
 * <p>Immutable.
 *
 * @param client who it is
 * @param address where they are
 * @param secure whether they came by TLS
 */
record Web(
    Engine earshot,
    Config config,
    Identity.Known client,
    InetSocketAddress address,
    boolean secure) {

  CompletableFuture<WebAnswer> ask(WebRequest request) {
    return earshot.ask(visitor(), request.action(), request.params());
  }

  private Visitor visitor() {
    return new Visitor(client.id(), client.room(), address);
  }

  /** Refuses a client that is banned everything. */
  void check() throws ProblemException {
    try {
      earshot.check(visitor());
    } catch (RefusedException e) {
      throw new ProblemException(HttpResponseStatus.FORBIDDEN, String.valueOf(e.getMessage()));
    }
  }

  /** Refuses a client what it may not do in a room. */
  void check(String room, Permission what, @Nullable String token) throws ProblemException {
    try {
      earshot.check(visitor(), room, what, token);
    } catch (RefusedException e) {
      throw new ProblemException(HttpResponseStatus.FORBIDDEN, String.valueOf(e.getMessage()));
    }
  }

  /** Says something in a room, under the name of this client. */
  CompletableFuture<Cursor> say(String room, @Nullable String token, PostedSay say) {
    String namer = client.id();
    Json messageId = say.messageId();
    String key = say.key();
    if (key != null) {
      // Means the same for somebody who got no cookie for the first try.
      namer = address.getAddress().getHostAddress();
      messageId = Json.of(key);
    }
    return earshot.say(visitor(), room, token, say.message(), say.audience(), namer, messageId);
  }

  /** Gives the client its cookie, if it has none. */
  void setCookie(FullHttpResponse response) {
    if (client.newCookie() != null) {
      response.headers().add(HttpHeaderNames.SET_COOKIE, client.newCookie());
    }
  }

  FullHttpResponse response(
      WebRequest request, @Nullable WebAnswer answered, @Nullable Throwable failure, long since) {
    WebAnswer answer =
        answered != null
            ? answered
            : WebAnswer.failed(500, "Error: The server experienced an internal error");
    Json.Obj all =
        Envelope.answer(
            answer.fields(),
            serverInformation(since),
            requestorInformation(request),
            answer.error());
    String callback = request.text("callback");
    Envelope envelope =
        callback != null
            ? Envelope.script(callback, all)
            : "xml".equals(request.text("outputType"))
                ? Envelope.xml(all, config.limits())
                : Envelope.json(all);
    config.limits().checkAnswer(envelope.body().length);
    boolean says = answer.status() == 500 || config.commonWeb().returnErrorCodes();
    HttpResponseStatus status = HttpResponseStatus.valueOf(says ? answer.status() : 200);
    FullHttpResponse response = HttpDoor.response(status, envelope.type(), envelope.body());
    response.headers().set(HttpHeaderNames.CACHE_CONTROL, "no-store");
    setCookie(response);
    if (answer.roomChosen() != null) {
      response
          .headers()
          .add(HttpHeaderNames.SET_COOKIE, Identity.roomCookie(answer.roomChosen(), secure));
    }
    return response;
  }

  private Json.Obj serverInformation(long since) {
    long now = System.currentTimeMillis();
    var fields = new LinkedHashMap<String, Json>();
    fields.put("serverName", Json.of(config.general().serverName()));
    fields.put("apiVersion", Json.of(config.general().apiVersion()));
    fields.put("requestDuration", Json.of(now - since));
    fields.put("currentTime", Json.of(now));
    return new Json.Obj(fields);
  }

  private Json.Obj requestorInformation(WebRequest request) {
    var received = new LinkedHashMap<>(request.params());
    received.put("action", Json.of(request.action()));
    var fields = new LinkedHashMap<String, Json>();
    fields.put("id", Json.of(client.id()));
    fields.put("remoteAddress", Json.of(address.getAddress().getHostAddress()));
    fields.put("receivedParams", new Json.Obj(received));
    return new Json.Obj(fields);
  }
}
