package io.earshot.cluster;

import static io.earshot.cluster.PeerJson.text;

import io.earshot.Config;
import io.earshot.action.Cancellation;
import io.earshot.connection.Directory;
import io.earshot.connection.Handover;
import io.earshot.connection.Handover.FormerPlace;
import io.earshot.connection.Participant;
import io.earshot.connection.PeerSessions;
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
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The requests that the servers of a cluster make to each other: to close a connection, to hand
 * over a session that resumes on another server, and to run an action for an HTTP client.
 *
 * <p>Immutable; the connections and rooms that it reaches are owned by event loops.
 */
public final class PeerRequests implements PeerSessions, PeerServers {
  private static final System.Logger LOG = System.getLogger(PeerRequests.class.getName());

  /** How long another server may take to resume a session that was handed over, in milliseconds. */
  private static final long RESUME_TIMEOUT = 15_000;

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

  /**
   * Answers the request of another server.
   *
   * @return the answer; null if this server has none, or cannot read the request
   */
  CompletionStage<@Nullable Json> asked(Json request) {
    try {
      if (request instanceof Json.Obj fields) {
        return switch (text(fields, "ask")) {
          case "close" -> closeHere(fields);
          case "session" -> handOverHere(text(fields, "id"));
          case "web" -> runHere(fields);
          default -> noAnswer();
        };
      }
    } catch (RuntimeException e) {
      // The request comes from a server of another version, or from no server at all.
      LOG.log(Level.DEBUG, "a peer request that this server cannot read", e);
    }
    return noAnswer();
  }

  private static CompletionStage<@Nullable Json> noAnswer() {
    return CompletableFuture.completedStage(null);
  }

  // --- closing a connection --------------------------------------------------------------------

  @Override
  public CompletionStage<Boolean> close(String id, String reason) {
    return cluster
        .broker()
        .askAll(Json.from(Map.of("ask", "close", "id", id, "reason", reason)))
        .thenApply(answer -> answer != null);
  }

  private CompletionStage<@Nullable Json> closeHere(Json.Obj fields) {
    Participant found = connections.find(text(fields, "id"));
    if (found == null) {
      return noAnswer();
    }
    found.close(text(fields, "reason"));
    return CompletableFuture.completedStage(Json.of(true));
  }

  // --- handing over a session ------------------------------------------------------------------

  @Override
  public CompletionStage<@Nullable Handover> handOver(String id) {
    return cluster
        .broker()
        .askAll(Json.from(Map.of("ask", "session", "id", id)))
        .thenApply(
            answer ->
                answer instanceof Json.Obj fields ? PeerJson.toHandover(fields, limits) : null);
  }

  private CompletionStage<@Nullable Json> handOverHere(String id) {
    var answer = new CompletableFuture<@Nullable Json>();
    if (connections.find(id) instanceof ClientConnection found) {
      found.tell(
          () ->
              found.handOverToServer(
                  id,
                  handover -> {
                    answer.complete(handover == null ? null : PeerJson.json(handover));
                    if (handover != null) {
                      handover.places().forEach(place -> leaveUnlessResumed(id, place));
                    }
                  }));
    } else {
      answer.complete(null);
    }
    return answer;
  }

  /**
   * Takes the member of a session that was handed over out of a room, unless another server has
   * resumed the session by then. Tries until the broker has done it: the member is in no room of
   * this server, so no room reconciles its list for it.
   */
  private void leaveUnlessResumed(String id, FormerPlace place) {
    if (!place.isIn()) {
      return;
    }
    // On the room's loop, which numbers all posts of this server in that room.
    Shard shard = rooms.shard(place.room());
    shard.schedule(
        () -> {
          if (cluster.isHere(id)) {
            return; // the session was resumed here again, and so the member is in its rooms
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
                          shard.tell(() -> leaveUnlessResumed(id, place));
                        }
                      });
        },
        RESUME_TIMEOUT);
  }

  // --- actions of HTTP clients -----------------------------------------------------------------

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
                    askWithoutBroker(visitor, action, params, here, failure, answer);
                  } else if (peer.equals(cluster.peer())) {
                    pass(here.askHere(visitor, action, params), answer);
                  } else {
                    askPeer(peer, visitor, action, params, answer);
                  }
                });
    return answer;
  }

  /** Runs the action if the client is on this server already; no other server can be asked. */
  private static void askWithoutBroker(
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

  private void askPeer(
      String peer,
      Visitor visitor,
      String action,
      Map<String, Json> params,
      CompletableFuture<WebAnswer> answer) {
    var _ =
        cluster
            .broker()
            .ask(peer, PeerJson.webRequest(visitor, action, params))
            .whenComplete(
                (json, failure) ->
                    answer.complete(
                        failure == null
                            ? PeerJson.toWebAnswer(json)
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
    Cancellation.forward(to, from);
  }

  private CompletionStage<@Nullable Json> runHere(Json.Obj fields) {
    Visitor visitor = PeerJson.toVisitor(fields);
    return webClients
        .apply(visitor.id())
        .askHere(visitor, text(fields, "action"), PeerJson.params(fields))
        .thenApply(PeerJson::json);
  }

  @Override
  public void release(String id) {
    cluster.broker().release(id);
  }
}
