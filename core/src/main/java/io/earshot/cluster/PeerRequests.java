package io.earshot.cluster;

import io.earshot.Config;
import io.earshot.access.Tokens;
import io.earshot.connection.Directory;
import io.earshot.connection.Handover;
import io.earshot.connection.Handover.Former;
import io.earshot.connection.Params;
import io.earshot.connection.Participant;
import io.earshot.connection.PeerSessions;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.room.Room;
import io.earshot.room.Rooms;
import io.earshot.room.Shard;
import io.earshot.session.ClientConnection;
import io.earshot.spi.BrokerException;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import io.earshot.web.PeerServers;
import io.earshot.web.WebClients;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the servers of a cluster ask of each other: to send a client away, to give up a session that
 * has come back elsewhere, and to work a request of an HTTP client that is theirs.
 *
 * <p>Immutable; whom it leads to is owned by the loops.
 */
public final class PeerRequests implements PeerSessions, PeerServers {
  private static final System.Logger LOG = System.getLogger(PeerRequests.class.getName());

  /** How long another server may take to take over a session that was given up, in milliseconds. */
  private static final long TAKE_OVER = 15_000;

  private final Cluster cluster;
  private final Rooms rooms;
  private final Directory connections;
  private final Config.Limits limits;
  private final Function<String, WebClients> webClients;

  PeerRequests(
      Cluster cluster,
      Rooms rooms,
      Directory connections,
      Config.Limits limits,
      Function<String, WebClients> webClients) {
    this.cluster = cluster;
    this.rooms = rooms;
    this.connections = connections;
    this.limits = limits;
    this.webClients = webClients;
  }

  // --- asked by others -------------------------------------------------------------------------

  CompletionStage<@Nullable Json> asked(Json question) {
    try {
      if (question instanceof Json.Obj fields) {
        return switch (text(fields, "ask")) {
          case "close" -> close(fields);
          case "session" -> giveUp(text(fields, "id"));
          case "web" -> work(fields);
          default -> nothing();
        };
      }
    } catch (RuntimeException e) {
      // Not from a server of this version, or from none at all.
      LOG.log(Level.DEBUG, "an errand that makes no sense", e);
    }
    return nothing();
  }

  private static CompletionStage<@Nullable Json> nothing() {
    return CompletableFuture.completedStage(null);
  }

  // --- sending somebody away -------------------------------------------------------------------

  @Override
  public CompletionStage<Boolean> close(String id, String reason) {
    return cluster
        .broker()
        .askAll(Json.from(Map.of("ask", "close", "id", id, "reason", reason)))
        .thenApply(answer -> answer != null);
  }

  private CompletionStage<@Nullable Json> close(Json.Obj fields) {
    Participant found = connections.find(text(fields, "id"));
    if (found == null) {
      return nothing();
    }
    found.close(text(fields, "reason"));
    return CompletableFuture.completedStage(Json.of(true));
  }

  // --- a session that comes back elsewhere -----------------------------------------------------

  /** Asks for what a client was; null if nobody has it. */
  @Override
  public CompletionStage<@Nullable Handover> handOver(String id) {
    return cluster
        .broker()
        .askAll(Json.from(Map.of("ask", "session", "id", id)))
        .thenApply(answer -> answer instanceof Json.Obj fields ? handover(fields) : null);
  }

  private CompletionStage<@Nullable Json> giveUp(String id) {
    var answer = new CompletableFuture<@Nullable Json>();
    if (connections.find(id) instanceof ClientConnection found) {
      found.tell(
          () ->
              found.handOverElsewhere(
                  id,
                  was -> {
                    answer.complete(was == null ? null : said(was));
                    if (was != null) {
                      was.places().forEach(place -> leaveLater(id, place));
                    }
                  }));
    } else {
      answer.complete(null);
    }
    return answer;
  }

  /**
   * Leaves a room for somebody who was given up, unless another server has taken them over. Until
   * that was done: they are in no room here, which would see to it.
   */
  private void leaveLater(String id, Former place) {
    if (!place.isIn()) {
      return;
    }
    // On the room's loop, which numbers all that this server posts there.
    Shard there = rooms.shard(place.room());
    there.schedule(
        () -> {
          if (cluster.isHere(id)) {
            return; // back again from over there, and so in its rooms
          }
          var _ =
              cluster
                  .broker()
                  .leave(
                      place.room(),
                      id,
                      cluster.announcement(Room.LEFT, id),
                      cluster.announcesUpTo(place.room()),
                      cluster.terms(place.room()))
                  .whenComplete(
                      (_, failure) -> {
                        if (failure != null) {
                          there.tell(() -> leaveLater(id, place));
                        }
                      });
        },
        TAKE_OVER);
  }

  private static Json said(Handover was) {
    var places = new ArrayList<Map<String, Object>>();
    for (Former place : was.places()) {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("room", place.room());
      fields.put("in", place.isIn());
      fields.put("listening", place.isListening());
      if (place.known() != null) {
        fields.put("known", place.known().toString());
      }
      if (place.grant() != null) {
        fields.put("grant", Tokens.claims(place.grant()));
      }
      places.add(fields);
    }
    var fields = new LinkedHashMap<String, Object>();
    fields.put("places", places);
    fields.put("params", was.params() == null ? Map.of() : was.params().all());
    fields.put("attributes", was.attributes());
    if (was.known() != null) {
      fields.put("known", Map.of("name", was.known().name(), "until", was.known().until()));
    }
    return Json.from(fields);
  }

  private Handover handover(Json.Obj fields) {
    var places = new ArrayList<Former>();
    for (Json each : ((Json.Array) field(fields, "places")).items()) {
      var place = (Json.Obj) each;
      Json known = place.get("known");
      places.add(
          new Former(
              text(place, "room"),
              field(place, "in").equals(Json.of(true)),
              field(place, "listening").equals(Json.of(true)),
              null,
              known instanceof Json.Text(String cursor) ? Cursor.parse(cursor) : null,
              place.get("grant") instanceof Json.Obj claims ? Tokens.grant(claims) : null));
    }
    var params = new Params();
    texts(fields, "params").forEach((key, value) -> params.add(key, value, limits));
    return new Handover(null, places, params, texts(fields, "attributes"), known(fields));
  }

  private static Participant.@Nullable Known known(Json.Obj fields) {
    return fields.get("known") instanceof Json.Obj known
            && field(known, "until") instanceof Json.Num(String until)
        ? new Participant.Known(text(known, "name"), Long.parseLong(until))
        : null;
  }

  // --- HTTP clients ----------------------------------------------------------------------------

  /** Runs an action for an HTTP client on whatever server that is. Callable from any thread. */
  @Override
  public CompletableFuture<WebAnswer> ask(
      Visitor visitor, String action, Map<String, Json> params, long ttl, WebClients here) {
    var answer = new CompletableFuture<WebAnswer>();
    var _ =
        cluster
            .broker()
            .claim(visitor.id(), Duration.ofMillis(ttl))
            .whenComplete(
                (peer, failure) -> {
                  if (failure != null) {
                    askAlone(visitor, action, params, here, failure, answer);
                  } else if (peer.equals(cluster.peer())) {
                    pass(here.askHere(visitor, action, params), answer);
                  } else {
                    askThere(peer, visitor, action, params, answer);
                  }
                });
    return answer;
  }

  /** Nobody can be asked where the client is; whoever is here already is served all the same. */
  private static void askAlone(
      Visitor visitor,
      String action,
      Map<String, Json> params,
      WebClients here,
      Throwable failure,
      CompletableFuture<WebAnswer> answer) {
    var _ =
        here.isHere(visitor.id())
            .thenAccept(
                isHere -> {
                  if (isHere) {
                    pass(here.askHere(visitor, action, params), answer);
                  } else {
                    answer.complete(WebAnswer.failed(503, BrokerException.explained(failure)));
                  }
                });
  }

  @Override
  public void release(String id) {
    cluster.broker().release(id);
  }

  private void askThere(
      String peer,
      Visitor visitor,
      String action,
      Map<String, Json> params,
      CompletableFuture<WebAnswer> answer) {
    var question = new LinkedHashMap<String, Object>();
    question.put("ask", "web");
    question.put("id", visitor.id());
    question.put("room", visitor.room());
    if (visitor.remoteAddress() instanceof InetSocketAddress address) {
      question.put("host", address.getHostString());
      question.put("port", address.getPort());
    }
    question.put("action", action);
    question.put("params", params);
    var _ =
        cluster
            .broker()
            .ask(peer, Json.from(question))
            .whenComplete(
                (said, failure) ->
                    answer.complete(
                        failure == null
                            ? webAnswer(said)
                            : WebAnswer.failed(503, BrokerException.explained(failure))));
  }

  private static void pass(CompletableFuture<WebAnswer> from, CompletableFuture<WebAnswer> to) {
    var _ =
        from.whenComplete(
            (answer, failure) -> {
              if (failure == null) {
                to.complete(answer);
              } else {
                to.completeExceptionally(failure);
              }
            });
    var _ =
        to.whenComplete(
            (_, _) -> {
              if (to.isCancelled()) {
                from.cancel(true);
              }
            });
  }

  private CompletionStage<@Nullable Json> work(Json.Obj fields) {
    var visitor = new Visitor(text(fields, "id"), text(fields, "room"), address(fields));
    Map<String, Json> params = ((Json.Obj) field(fields, "params")).fields();
    return webClients
        .apply(visitor.id())
        .askHere(visitor, text(fields, "action"), params)
        .thenApply(PeerRequests::said);
  }

  private static InetSocketAddress address(Json.Obj fields) {
    int port = (int) number(fields, "port");
    String host = text(fields, "host");
    try {
      // A literal address, which nobody has to be asked for.
      return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    } catch (IllegalArgumentException e) {
      return InetSocketAddress.createUnresolved(host, port);
    }
  }

  private static Json said(WebAnswer answer) {
    var fields = new LinkedHashMap<String, Object>();
    fields.put("fields", answer.fields());
    fields.put("status", answer.status());
    if (answer.error() != null) {
      fields.put("error", answer.error());
    }
    if (answer.roomChosen() != null) {
      fields.put("room", answer.roomChosen());
    }
    return Json.from(fields);
  }

  private static WebAnswer webAnswer(@Nullable Json said) {
    if (said instanceof Json.Obj fields
        && fields.get("fields") instanceof Json.Obj answered
        && fields.get("status") instanceof Json.Num(String status)
        && status.matches("[1-5]\\d\\d")) {
      return new WebAnswer(
          answered.fields(),
          fields.get("error") instanceof Json.Text(String error) ? error : null,
          Integer.parseInt(status),
          fields.get("room") instanceof Json.Text(String room) ? room : null);
    }
    return WebAnswer.failed(503, "Error: another server did not understand");
  }

  // --- reading ---------------------------------------------------------------------------------

  private static Json field(Json.Obj fields, String name) {
    Json value = fields.get(name);
    if (value == null) {
      throw new IllegalArgumentException("an errand without " + name);
    }
    return value;
  }

  private static String text(Json.Obj fields, String name) {
    if (field(fields, name) instanceof Json.Text(String value)) {
      return value;
    }
    throw new IllegalArgumentException("an errand whose " + name + " is no text");
  }

  private static long number(Json.Obj fields, String name) {
    if (field(fields, name) instanceof Json.Num(String literal)) {
      return Long.parseLong(literal);
    }
    throw new IllegalArgumentException("an errand whose " + name + " is no number");
  }

  private static Map<String, String> texts(Json.Obj fields, String name) {
    var texts = new LinkedHashMap<String, String>();
    ((Json.Obj) field(fields, name))
        .fields()
        .forEach((key, value) -> texts.put(key, String.valueOf(value.asText())));
    return texts;
  }
}
