package io.earshot.web;

import io.earshot.action.ActionRunner;
import io.earshot.connection.EngineContext;
import io.earshot.connection.LoopContext;
import io.earshot.protocol.Json;
import io.earshot.room.Shard;
import io.earshot.spi.PerAddress;
import io.earshot.spi.Refusal;
import io.earshot.spi.Visitor;
import io.earshot.spi.WebAnswer;
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
 * first request until it has asked for nothing for the queues' time to live; with them off, it is
 * somebody for one request at a time.
 *
 * <p>Owned by that event loop; {@link #ask} may be called from anywhere.
 */
public final class WebClients {
  private final LoopContext context;
  private final EngineContext engine;
  private final Shard shard;
  private final long ttl;
  private final AtomicInteger count;
  private final PerAddress perAddress;

  /** Who asked longest ago comes first. */
  private final Map<String, WebClient> clients = new LinkedHashMap<>(16, 0.75f, true);

  private volatile @Nullable PeerServers others;
  private boolean scheduled;
  private boolean stopping;

  /** A client, and what is under way for it. Owned by the event loop. */
  private static final class WebClient {
    final WebConnection connection;

    /** By which it counts, whatever its later requests come from. */
    final InetAddress address;

    int underWay;
    long until;

    WebClient(WebConnection connection, InetAddress address) {
      this.connection = connection;
      this.address = address;
    }
  }

  /**
   * The clients of one loop.
   *
   * @param count how many clients all loops have, together
   * @param perAddress how many of them each address has
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

  /** Clients may be on other servers from now on. */
  public void shareBy(PeerServers servers) {
    others = servers;
  }

  /** Takes no more in. Callable from any thread. */
  public void stop() {
    shard.tell(() -> stopping = true);
  }

  /** Runs an action for a client. */
  public CompletableFuture<WebAnswer> ask(
      Visitor visitor, String action, Map<String, Json> params) {
    if (ttl == 0) {
      return askApart(visitor, action, params);
    }
    PeerServers servers = others;
    return servers == null
        ? askHere(visitor, action, params)
        : servers.ask(visitor, action, params, ttl, this);
  }

  /** The same for somebody of whom nothing is to be left. */
  public CompletableFuture<WebAnswer> askApart(
      Visitor visitor, String action, Map<String, Json> params) {
    var client = new WebConnection(context, visitor, null);
    if (!action.equals(ChatAction.NAME)) { // which asks for itself
      client.stayOut(params.get("token") instanceof Json.Text(String token) ? token : null);
    }
    return run(client, action, params);
  }

  /** The same for a client that is on this server. Callable from any thread. */
  public CompletableFuture<WebAnswer> askHere(
      Visitor visitor, String action, Map<String, Json> params) {
    var answer = new CompletableFuture<WebAnswer>();
    shard.tell(() -> admit(visitor, action, params, answer));
    return answer;
  }

  /** Whether a client is on this server; answered on any thread. */
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
    if (stopping) {
      answer.complete(WebAnswer.failed(503, "the server is shutting down"));
      return;
    }
    WebClient client = clients.get(visitor.id());
    if (client == null) {
      InetAddress address = address(visitor);
      WebAnswer refusal = refusal(address);
      if (refusal != null) {
        engine.count(Refusal.WEB_CLIENTS);
        answer.complete(refusal);
        return;
      }
      client = enter(visitor, params, address);
    } else if (client.connection.isGone()) {
      // Somebody who was sent away, and comes again.
      client = enter(visitor, params, client.address);
    }
    client.underWay++;
    WebClient known = client;
    known.connection.whenLive(() -> work(known, action, params, answer));
  }

  private static InetAddress address(Visitor visitor) {
    return visitor.remoteAddress() instanceof InetSocketAddress known && known.getAddress() != null
        ? known.getAddress()
        : InetAddress.getLoopbackAddress();
  }

  /** Why there is no queue for one more client; null if there is, and it counts. */
  private @Nullable WebAnswer refusal(InetAddress address) {
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
      rest(client);
      return;
    }
    CompletableFuture<WebAnswer> done = run(client.connection, action, params);
    var _ =
        answer.whenComplete(
            (_, _) -> {
              if (answer.isCancelled()) {
                done.cancel(true);
              }
            });
    var _ =
        done.whenComplete(
            (result, failure) -> {
              shard.tell(() -> rest(client));
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
    clients.put(visitor.id(), client);
    engine.connections().add(connection);
    connection.enter(params.get("token") instanceof Json.Text(String token) ? token : null);
    return client;
  }

  /** A request of the client is done; its time begins to run. */
  private void rest(WebClient client) {
    client.underWay--;
    client.until = shard.now() + ttl;
    clients.get(client.connection.id()); // now the youngest
    sweepLater();
  }

  private void sweepLater() {
    if (!scheduled && !clients.isEmpty()) {
      scheduled = true;
      WebClient eldest = clients.values().iterator().next();
      shard.schedule(
          this::sweep,
          eldest.underWay > 0 ? ttl : Math.max(1, Math.min(ttl, eldest.until - shard.now())));
    }
  }

  private void sweep() {
    scheduled = false;
    long now = shard.now();
    for (Iterator<WebClient> eldest = clients.values().iterator(); eldest.hasNext(); ) {
      WebClient client = eldest.next();
      if (client.underWay > 0) {
        continue;
      }
      if (client.until > now) {
        break;
      }
      eldest.remove();
      forget(client);
    }
    sweepLater();
  }

  private void forget(WebClient client) {
    count.decrementAndGet();
    perAddress.leave(client.address);
    client.connection.leaveForGood();
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
    var _ =
        answer.whenComplete(
            (_, _) -> {
              if (answer.isCancelled()) {
                running.cancel(true);
              }
            });
    return answer;
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
