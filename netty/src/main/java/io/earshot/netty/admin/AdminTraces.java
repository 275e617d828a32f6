package io.earshot.netty.admin;

import io.earshot.RefusedException;
import io.earshot.events.Trace;
import io.earshot.explain.Traces;
import io.earshot.netty.http.Answer;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.earshot.netty.operator.TraceStream;
import io.earshot.protocol.Json;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The traces of the admin API: begins, streams and ends them.
 *
 * <p>Immutable.
 */
record AdminTraces(Traces traces) {

  AdminReply begin(AdminCall call) throws ProblemException {
    call.only("room", "user", "connection", "seconds");
    var subject = new Trace.Subject(room(call), id(call, "user"), id(call, "connection"));
    long named = Stream.of("room", "user", "connection").filter(call.body()::containsKey).count();
    if (named != 1) {
      throw ProblemException.badRequest("name one of room, user and connection");
    }
    long seconds = call.body().containsKey("seconds") ? call.time().toSeconds() : Traces.SECONDS;
    if (seconds < 1 || seconds > Traces.MOST_SECONDS) {
      throw ProblemException.badRequest("seconds is from 1 to " + Traces.MOST_SECONDS);
    }
    try {
      String id = traces.begin(subject, (int) seconds);
      return AdminReply.created(
          AdminPage.object("id", id, "seconds", seconds), Site.ADMIN_PATH + "traces/" + id);
    } catch (RefusedException e) {
      throw new ProblemException(
          HttpResponseStatus.TOO_MANY_REQUESTS, String.valueOf(e.getMessage()));
    }
  }

  private static @Nullable String room(AdminCall call) throws ProblemException {
    String room = call.text("room");
    return room == null ? null : AdminExplain.room(room);
  }

  private static @Nullable String id(AdminCall call, String name) throws ProblemException {
    String id = call.text(name);
    if (id != null && (id.isEmpty() || id.length() > AdminExplain.LONGEST_ID)) {
      throw ProblemException.badRequest(
          name + " has 1 to " + AdminExplain.LONGEST_ID + " characters");
    }
    return id;
  }

  /** Whether a call asks for the stream of a trace. */
  boolean isStream(AdminCall call) {
    return call.method().equals("GET") && call.shape().equals("traces/*");
  }

  /** The stream of a trace: server-sent events where the client accepts them, else JSON lines. */
  Answer stream(AdminCall call, HttpHeaders headers) throws ProblemException {
    Trace trace = found(call);
    String accept = headers.get(HttpHeaderNames.ACCEPT, "");
    boolean isEvents = accept.contains("text/event-stream");
    return new Answer.Feed(
        TraceStream.head(isEvents), channel -> TraceStream.begin(channel, trace, isEvents));
  }

  AdminReply describe(AdminCall call) throws ProblemException {
    return AdminReply.ok(AdminPage.object("id", call.name(), "ended", found(call).hasEnded()));
  }

  AdminReply end(AdminCall call) throws ProblemException {
    var unused = found(call);
    traces.end(call.name());
    return AdminReply.ok(Json.from(Map.of("id", call.name())));
  }

  private Trace found(AdminCall call) throws ProblemException {
    Trace found = traces.find(call.name());
    if (found == null) {
      throw new ProblemException(
          HttpResponseStatus.NOT_FOUND, "there is no trace of this id, or it is over");
    }
    return found;
  }
}
