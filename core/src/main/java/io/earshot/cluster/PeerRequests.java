package io.earshot.cluster;

import static io.earshot.cluster.PeerJson.text;

import io.earshot.Config;
import io.earshot.UserPresence;
import io.earshot.Users;
import io.earshot.action.Cancellation;
import io.earshot.connection.ConnectionActions.PeerSessions;
import io.earshot.connection.Directory;
import io.earshot.connection.Handover;
import io.earshot.connection.Handover.FormerPlace;
import io.earshot.connection.OnlineUsers;
import io.earshot.connection.Participant;
import io.earshot.explain.Explainer;
import io.earshot.explain.Question;
import io.earshot.explain.ServerAnswer;
import io.earshot.protocol.Announcement;
import io.earshot.protocol.Json;
import io.earshot.protocol.User;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The requests that the servers of a cluster make to each other: to close a connection, to hand
 * over a session that resumes on another server, to find a user, and to run an action for an HTTP
 * client.
 *
 * <p>Thread-safe: the table of handovers is concurrent, and the connections and rooms that it
 * reaches are owned by event loops.
 */
public final class PeerRequests implements PeerSessions, PeerServers {
  private static final System.Logger LOG = System.getLogger(PeerRequests.class.getName());

  /** How long another server may take to resume a session that was handed over, in milliseconds. */
  private static final long RESUME_TIMEOUT = 15_000;

  private final Cluster cluster;
  private final Rooms rooms;
  private final Directory connections;
  private final Config.Limits limits;

  /** The cookies with which whoever has them is the client. */
  private final Set<String> secrets;

  private final Function<String, WebClients> webClients;
  private final Explainer explainer;

  /**
   * How many handovers of a session may still be under way, by the session's id: each of them for
   * {@link #RESUME_TIMEOUT}.
   */
  private final Map<String, Integer> handovers = new ConcurrentHashMap<>();

  PeerRequests(
      Cluster cluster,
      Rooms rooms,
      Directory connections,
      Config config,
      Function<String, WebClients> webClients,
      Explainer explainer) {
    this.cluster = cluster;
    this.rooms = rooms;
    this.connections = connections;
    this.limits = config.limits();
    this.secrets = secretCookies(config);
    this.webClients = webClients;
    this.explainer = explainer;
  }

  private static Set<String> secretCookies(Config config) {
    var names = new HashSet<String>();
    names.add(config.commonWeb().fingerprintOptions().cookieKey());
    names.add(config.users().cookie());
    return names;
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
          case "session" -> handOverHere(text(fields, "id"), PeerJson.token(fields));
          case "web" -> runHere(fields);
          case "user" ->
              OnlineUsers.here(connections, cluster.peer(), text(fields, "id"))
                  .<@Nullable Json>thenApply(UserPresence::toJson);
          case "move" -> moveHere(fields);
          case "explain" ->
              explainer.here(Question.of(fields)).<@Nullable Json>thenApply(ServerAnswer::toJson);
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

  // --- users -----------------------------------------------------------------------------------

  @Override
  public CompletionStage<UserPresence> findUser(String id) {
    Json question = Json.from(Map.of("ask", "user", "id", id));
    return askEach(
        question,
        new UserPresence(id, null, List.of(), 0, true),
        answer -> PeerJson.toPresence(id, answer),
        UserPresence::plus);
  }

  /** Asks all other servers, and adds up the answers; null stands for one that is missing. */
  private <T> CompletionStage<T> askEach(
      Json question, T none, Function<@Nullable Json, T> read, BinaryOperator<T> plus) {
    CompletionStage<T> all = CompletableFuture.completedStage(none);
    for (String peer : cluster.peers()) {
      if (!peer.equals(cluster.peer())) {
        CompletionStage<T> one =
            cluster.broker().ask(peer, question).handle((answer, ignored) -> read.apply(answer));
        all = all.thenCombine(one, plus);
      }
    }
    return all;
  }

  @Override
  public CompletionStage<Map<String, Json>> askAll(Json question) {
    CompletionStage<Map<String, Json>> all = CompletableFuture.completedStage(Map.of());
    for (String peer : cluster.peers()) {
      if (!peer.equals(cluster.peer())) {
        CompletionStage<Json> one =
            cluster
                .broker()
                .ask(peer, question)
                .handle((answer, ignored) -> answer == null ? new Json.Null() : answer);
        all = all.thenCombine(one, (some, answer) -> plus(some, peer, answer));
      }
    }
    return all;
  }

  private static Map<String, Json> plus(Map<String, Json> some, String peer, Json answer) {
    var more = new TreeMap<>(some);
    more.put(peer, answer);
    return more;
  }

  @Override
  public CompletionStage<Users.Moved> moveUser(String id, String room, boolean joins) {
    return move("id", id, room, joins);
  }

  @Override
  public CompletionStage<Users.Moved> moveConnection(String id, String room, boolean joins) {
    return move("connection", id, room, joins);
  }

  private CompletionStage<Users.Moved> move(String who, String id, String room, boolean joins) {
    var fields = Map.of("ask", "move", who, id, "room", room, "to", joins ? "join" : "leave");
    return askEach(
        Json.from(fields), new Users.Moved(0, true), PeerJson::toMoved, Users.Moved::plus);
  }

  private CompletionStage<@Nullable Json> moveHere(Json.Obj fields) {
    String room = text(fields, "room");
    List<Participant> who =
        fields.get("connection") == null
            ? connections.ofUser(text(fields, "id"))
            : connections.withId(text(fields, "connection"));
    return OnlineUsers.canBeJoined(room)
        ? OnlineUsers.moveHere(who, room, text(fields, "to").equals("join"))
            .thenApply(count -> Json.from(Map.of("connections", count)))
        : noAnswer();
  }

  // --- handing over a session ------------------------------------------------------------------

  @Override
  public CompletionStage<@Nullable Handover> handOver(String id, int token) {
    return cluster
        .broker()
        .askAll(PeerJson.sessionRequest(id, token))
        .thenApply(
            answer ->
                answer instanceof Json.Obj fields ? PeerJson.toHandover(fields, limits) : null);
  }

  private CompletionStage<@Nullable Json> handOverHere(String id, int token) {
    var answer = new CompletableFuture<@Nullable Json>();
    if (connections.find(id) instanceof ClientConnection found) {
      handovers.merge(id, 1, Integer::sum); // before the first room gives the member up
      found.tell(
          () ->
              found.handOverToServer(
                  id,
                  token,
                  handover -> {
                    answer.complete(handover == null ? null : PeerJson.json(handover));
                    if (handover == null) {
                      endHandover(id);
                    } else {
                      found.schedule(() -> leaveUnlessResumed(id, handover), RESUME_TIMEOUT);
                    }
                  }));
    } else {
      answer.complete(null);
    }
    return answer;
  }

  /**
   * Whether another server may be about to resume a session of this server, so that the session's
   * member is still in the lists of its rooms, and has to stay there.
   */
  boolean isHandedOver(String id) {
    return handovers.containsKey(id);
  }

  /** Ends a handover, and returns whether it was the last one of the session. */
  private boolean endHandover(String id) {
    return handovers.computeIfPresent(id, (ignored, count) -> count == 1 ? null : count - 1)
        == null;
  }

  /**
   * Takes the member of a session that was handed over out of its rooms, unless another server has
   * resumed the session by now, or the session was resumed here again.
   */
  private void leaveUnlessResumed(String id, Handover handover) {
    if (endHandover(id)) {
      handover.places().stream()
          .filter(FormerPlace::isIn)
          .map(FormerPlace::room)
          .forEach(room -> leaveUnlessHere(id, handover.user(), room));
    }
  }

  /**
   * Takes a member out of a room of which it is no member on this server. Tries until the broker
   * has done it: no room reconciles its list for that member.
   */
  private void leaveUnlessHere(String id, @Nullable User user, String room) {
    // On the room's loop, which numbers all posts of this server in that room.
    Shard shard = rooms.shard(room);
    shard.tell(
        () -> {
          if (cluster.isHere(id) || isHandedOver(id)) {
            return;
          }
          var unused =
              cluster
                  .broker()
                  .leave(
                      room,
                      id,
                      cluster.announcement(Announcement.LEAVE, id, user),
                      cluster.announcesUpTo(room),
                      cluster.terms(room))
                  .whenComplete(
                      (ignored, failure) -> {
                        if (failure != null) {
                          shard.tell(
                              () ->
                                  shard.schedule(
                                      () -> leaveUnlessHere(id, user, room), RESUME_TIMEOUT));
                        }
                      });
        });
  }

  // --- actions of HTTP clients -----------------------------------------------------------------

  @Override
  public CompletableFuture<WebAnswer> ask(
      Visitor visitor, String action, Map<String, Json> params, long ttl, WebClients here) {
    var answer = new CompletableFuture<WebAnswer>();
    var unused =
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
                    askPeer(peer, visitor, action, params, here.asksHooks(), answer);
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
    var unused =
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
      boolean asksHooks,
      CompletableFuture<WebAnswer> answer) {
    var unused =
        cluster
            .broker()
            .ask(peer, PeerJson.webRequest(visitor, action, params, asksHooks ? secrets : null))
            .whenComplete(
                (json, failure) ->
                    answer.complete(
                        failure == null
                            ? PeerJson.toWebAnswer(json)
                            : WebAnswer.failed(503, BrokerException.explained(failure))));
  }

  private static void pass(CompletableFuture<WebAnswer> from, CompletableFuture<WebAnswer> to) {
    var unused =
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
