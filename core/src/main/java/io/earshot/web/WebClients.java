package io.earshot.web;

import io.earshot.Transport;
import io.earshot.action.ActionRunner;
import io.earshot.action.Cancellation;
import io.earshot.connection.EngineContext;
import io.earshot.connection.LoginWatch;
import io.earshot.connection.LoopContext;
import io.earshot.protocol.Json;
import io.earshot.room.Shard;
import io.earshot.spi.Login;
import io.earshot.spi.PerAddress;
import io.earshot.spi.Refusal;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
import io.earshot.stats.CloseReason;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP clients of one loop. With message queues on, a client is a member of its room from its
 * first request until it has sent no request for the queues' time to live. With them off, each
 * request has a connection of its own, which is a member of no room.
 *
 * <p>Owned by that event loop; {@link #ask} and {@link #askOnce} are callable from any thread.
 */
public final class WebClients {
  private final LoopContext context;
  private final EngineContext engine;
  private final Shard shard;
  private final long ttl; // milliseconds; 0 without message queues
  private final AtomicInteger count;
  private final PerAddress perAddress;

  /** The clients by id, in the order of their last requests. */
  private final Map<String, WebClient> clients = new LinkedHashMap<>(16, 0.75f, true);

  private volatile @Nullable PeerServers others;
  private boolean isSweepScheduled;
  private boolean isStopping;

  /** A client with a message queue. Owned by the event loop. */
  private static final class WebClient {
    final WebConnection connection;

    /** The address of its first request, whose count of clients includes this one. */
    final InetAddress address;

    /** The number of its requests under way. */
    int underWay;

    /** The time of its end unless it sends another request, by {@link Shard#elapsed}. */
    long until;

    WebClient(WebConnection connection, InetAddress address) {
      this.connection = connection;
      this.address = address;
    }
  }

  /**
   * The clients of one loop.
   *
   * @param count the number of clients of all loops
   * @param perAddress the number of clients of each address, of all loops
   */
  public WebClients(LoopContext context, AtomicInteger count, PerAddress perAddress) {
    this.context = context;
    this.engine = context.engine();
    this.shard = context.shard();
    this.count = count;
    this.perAddress = perAddress;
    this.ttl =
        engine.config().commonWeb().httpClientMessageTTL().map(Duration::toMillis).orElse(0L);
  }

  /** From now on clients may belong to other servers. */
  public void joinCluster(PeerServers servers) {
    others = servers;
  }

  /** Refuses further requests. Callable from any thread. */
  public void stop() {
    shard.tell(() -> isStopping = true);
  }

  /** Runs an action for a client, on the server that the client belongs to. */
  public CompletableFuture<WebAnswer> ask(
      Visitor visitor, String action, Map<String, Json> params) {
    if (ttl == 0) {
      return askOnce(visitor, action, params);
    }
    if (!engine.actions().needsClient(action)) {
      shard.tell(() -> stay(visitor.id()));
      return askOnce(visitor, action, params);
    }
    PeerServers servers = others;
    return servers == null
        ? askHere(visitor, action, params)
        : servers.ask(visitor, action, params, ttl, this);
  }

  /** Runs an action on a connection that ends with the request. */
  public CompletableFuture<WebAnswer> askOnce(
      Visitor visitor, String action, Map<String, Json> params) {
    var client = new WebConnection(context, visitor, null);
    if (!action.equals(ChatAction.NAME)) { // the chat action checks access itself
      client.leaveForbiddenRoom(token(params));
    }
    return run(client, action, params);
  }

  /** Runs an action for a client of this server. Callable from any thread. */
  public CompletableFuture<WebAnswer> askHere(
      Visitor visitor, String action, Map<String, Json> params) {
    var answer = new CompletableFuture<WebAnswer>();
    shard.tell(() -> admit(visitor, action, params, answer));
    return answer;
  }

  /** Whether hooks decide about new clients. */
  public boolean asksHooks() {
    return engine.admission().asksToConnect();
  }

  /** Whether a client belongs to this server; completed on any thread. */
  public CompletableFuture<Boolean> isHere(String id) {
    var answer = new CompletableFuture<Boolean>();
    shard.tell(() -> answer.complete(clients.containsKey(id)));
    return answer;
  }

  private void admit(
      Visitor visitor,
      String action,
      Map<String, Json> params,
      CompletableFuture<WebAnswer> answer) {
    if (isStopping) {
      answer.complete(WebAnswer.failed(503, "the server is shutting down"));
      return;
    }
    WebClient client = clients.get(visitor.id());
    if (client != null && !client.connection.isOf(visitor.login())) {
      client.connection.endSilently(); // another user has logged in, with the same cookie
    }
    if (client == null) {
      InetAddress address = address(visitor);
      WebAnswer refusal = tryCount(address);
      if (refusal != null) {
        engine.count(Refusal.WEB_CLIENTS);
        answer.complete(refusal);
        return;
      }
      client = enter(visitor, params, address);
    } else if (client.connection.isGone()) {
      // The client was disconnected, and has returned.
      client = enter(visitor, params, client.address);
    } else if (visitor.login() != null) {
      WebAnswer refused = renewed(client.connection, visitor.login());
      if (refused != null) {
        answer.complete(refused);
        return;
      }
    }
    client.underWay++;
    WebClient known = client;
    known.connection.whenLive(() -> work(known, action, params, answer));
  }

  /** Logs a client in that had no login, or renews its login; returns the refusal, or null. */
  private static @Nullable WebAnswer renewed(WebConnection client, Login login) {
    Login before = client.login();
    boolean isNews = before == null || before.until() < login.until();
    String refusal = isNews ? LoginWatch.logIn(client, login) : null;
    return refusal == null ? null : WebAnswer.failed(403, refusal);
  }

  private static InetAddress address(Visitor visitor) {
    return visitor.remoteAddress() instanceof InetSocketAddress known && known.getAddress() != null
        ? known.getAddress()
        : InetAddress.getLoopbackAddress();
  }

  /**
   * Counts one more client.
   *
   * @return the refusal if there are too many clients; null if the client was counted
   */
  private @Nullable WebAnswer tryCount(InetAddress address) {
    if (!perAddress.enters(address)) {
      return WebAnswer.failed(
          429, "Error: too many clients come from this address; try again later");
    }
    if (count.incrementAndGet() > engine.config().limits().webClients()) {
      count.decrementAndGet();
      perAddress.leave(address);
      return WebAnswer.failed(503, "Error: the server has too many clients; try again later");
    }
    return null;
  }

  private void work(
      WebClient client,
      String action,
      Map<String, Json> params,
      CompletableFuture<WebAnswer> answer) {
    String refusal = client.connection.refusal();
    if (refusal != null) {
      answer.complete(WebAnswer.failed(403, refusal));
      requestEnded(client);
      return;
    }
    CompletableFuture<WebAnswer> done = run(client.connection, action, params);
    Cancellation.forward(answer, done);
    var unused =
        done.whenComplete(
            (result, failure) -> {
              shard.tell(() -> requestEnded(client));
              if (failure == null) {
                answer.complete(result);
              } else {
                answer.completeExceptionally(failure);
              }
            });
  }

  private WebClient enter(Visitor visitor, Map<String, Json> params, InetAddress address) {
    var mailbox = new Mailbox(shard, ttl, engine.config().limits());
    var connection = new WebConnection(context, visitor, mailbox);
    var client = new WebClient(connection, address);
    boolean isNew = clients.put(visitor.id(), client) == null;
    engine.connections().add(connection);
    if (isNew) {
      engine.counts().opened(Transport.WEB);
    }
    connection.enter(visitor, token(params));
    return client;
  }

  /** A request that needs no client also shows that the client is there, if it is one. */
  private void stay(String id) {
    WebClient client = clients.get(id);
    if (client != null) {
      client.until = shard.elapsed() + ttl;
    }
  }

  /** A request of the client has ended; the time to its end starts anew. */
  private void requestEnded(WebClient client) {
    client.underWay--;
    client.until = shard.elapsed() + ttl;
    clients.get(client.connection.id()); // which moves it to the end of the order
    sweepLater();
  }

  private void sweepLater() {
    if (!isSweepScheduled && !clients.isEmpty()) {
      isSweepScheduled = true;
      WebClient oldest = clients.values().iterator().next();
      shard.schedule(
          this::sweep,
          oldest.underWay > 0 ? ttl : Math.max(1, Math.min(ttl, oldest.until - shard.elapsed())));
    }
  }

  private void sweep() {
    isSweepScheduled = false;
    long now = shard.elapsed();
    for (Iterator<WebClient> oldest = clients.values().iterator(); oldest.hasNext(); ) {
      WebClient client = oldest.next();
      if (client.underWay > 0) {
        continue;
      }
      if (client.until > now) {
        break;
      }
      oldest.remove();
      forget(client);
    }
    sweepLater();
  }

  private void forget(WebClient client) {
    count.decrementAndGet();
    perAddress.leave(client.address);
    engine.counts().closed(Transport.WEB, CloseReason.IDLE);
    client.connection.endSilently();
    PeerServers servers = others;
    if (servers != null) {
      servers.release(client.connection.id());
    }
  }

  private CompletableFuture<WebAnswer> run(
      WebConnection connection, String action, Map<String, Json> params) {
    CompletableFuture<ActionRunner.Outcome> running =
        engine.actions().run(action, connection, params);
    CompletableFuture<WebAnswer> answer = running.thenApply(outcome -> answer(connection, outcome));
    Cancellation.forward(answer, running);
    return answer;
  }

  private static @Nullable String token(Map<String, Json> params) {
    return params.get("token") instanceof Json.Text(String token) ? token : null;
  }

  private static WebAnswer answer(WebConnection connection, ActionRunner.Outcome outcome) {
    @Nullable String room = connection.roomChosen();
    return switch (outcome) {
      case ActionRunner.Outcome.Answered(var fields) -> new WebAnswer(fields, null, 200, room);
      case ActionRunner.Outcome.Failed(var problem, String error, var fields) ->
          new WebAnswer(fields, error, problem.status, room);
    };
  }
}
