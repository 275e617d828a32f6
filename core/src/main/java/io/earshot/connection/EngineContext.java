package io.earshot.connection;

import io.earshot.Config;
import io.earshot.Transport;
import io.earshot.access.SessionTokens;
import io.earshot.action.ActionRunner;
import io.earshot.archive.ArchiveReader;
import io.earshot.config.RoomRule;
import io.earshot.config.ServerSecret;
import io.earshot.connection.ConnectionActions.PeerSessions;
import io.earshot.login.Logins;
import io.earshot.moderation.Moderator;
import io.earshot.protocol.Json;
import io.earshot.protocol.Welcome;
import io.earshot.room.Rooms;
import io.earshot.spi.Pace;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import io.earshot.spi.SayTracer;
import io.earshot.stats.Closings;
import io.earshot.stats.Incidents.Incident;
import io.earshot.stats.ServerCounts;
import java.security.SecureRandom;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a server that all its connections use.
 *
 * <p>Thread-safe: final parts, and an atomic count.
 */
public final class EngineContext {
  /** The name of the incidents with tokens of logins. */
  private static final String LOGINS = "of logins";

  private final Closings closings = new Closings();

  /** The shortest delay before a client reconnects after a loss, in milliseconds. */
  private static final long LEAST_DELAY = 1_000;

  private final Config config;
  private final Rooms rooms;
  private final ArchiveReader archive;
  private final Admission admission;
  private final Moderator moderation;
  private final Directory connections;
  private final ConnectionActions connectionActions;
  private final ActionRunner actions;
  private final Logins logins;
  private final Refusals refusals;
  private final ServerCounts counts;
  private final @Nullable SessionTokens sessions;
  private final Pace messagePace;
  private final Pace bytePace;

  /** What the welcome says of the limits, by the client's transport. */
  private final Map<Transport, Json.Obj> limits = new EnumMap<>(Transport.class);

  /** Connections whose clients were lost and may resume. */
  private final AtomicInteger detached = new AtomicInteger();

  private final SecureRandom random;
  private final @Nullable SayTracer sayTracer;

  public EngineContext(
      Config config,
      ServerSecret secret,
      Rooms rooms,
      Admission admission,
      Moderator moderation,
      Directory connections,
      ConnectionActions connectionActions,
      ActionRunner actions,
      Logins logins,
      Refusals refusals,
      ServerCounts counts,
      SecureRandom random,
      @Nullable SayTracer sayTracer) {
    this.config = config;
    this.rooms = rooms;
    this.archive = new ArchiveReader(rooms);
    this.admission = admission;
    this.moderation = moderation;
    this.connections = connections;
    this.connectionActions = connectionActions;
    this.actions = actions;
    this.logins = logins;
    this.refusals = refusals;
    this.counts = counts;
    this.random = random;
    this.sayTracer = sayTracer;
    Config.Limits rates = config.limits();
    this.messagePace = new Pace(rates.messagesPerSecond(), rates.messageBurst());
    this.bytePace = new Pace(rates.bytesPerSecond(), rates.bytesBurst());
    for (Transport each : Transport.values()) {
      limits.put(each, limits(config, each));
    }
    this.sessions = config.general().resumeWindow().isZero() ? null : new SessionTokens(secret);
  }

  private static Json.Obj limits(Config config, Transport transport) {
    int line = config.tcpServer().maxLineLength();
    int frame = config.webSockets().maxMessageLength();
    int longest =
        switch (transport) {
          case TCP -> line;
          case WEBSOCKET -> frame;
          case STREAM, WEB -> Math.max(line, frame);
        };
    Config.Limits limits = config.limits();
    return new Welcome.Limits(
            longest, limits.rooms(), limits.messagesPerSecond(), limits.signalsPerSecond())
        .toJson();
  }

  public Config config() {
    return config;
  }

  /** What the welcome of a client says of the limits. */
  public Json.Obj limits(Transport transport) {
    return Objects.requireNonNull(limits.get(transport));
  }

  RoomRule rule(String room) {
    return rooms.rule(room);
  }

  public Rooms rooms() {
    return rooms;
  }

  /** What reads the earlier messages of rooms. */
  public ArchiveReader archive() {
    return archive;
  }

  public Admission admission() {
    return admission;
  }

  Moderator moderation() {
    return moderation;
  }

  public Directory connections() {
    return connections;
  }

  public ActionRunner actions() {
    return actions;
  }

  /** The check of logins. */
  public Logins logins() {
    return logins;
  }

  /** The sessions of the other servers; null without a cluster. */
  public @Nullable PeerSessions peers() {
    return connectionActions.peers();
  }

  /** What makes spans of says; null if the program traces nothing. */
  public @Nullable SayTracer sayTracer() {
    return sayTracer;
  }

  /** Counts a refusal. */
  public void count(Refusal kind) {
    refusals.count(kind);
  }

  /** What the server counts apart from the path of messages. */
  public ServerCounts counts() {
    return counts;
  }

  /** Counts a refused token of a login, and takes note of the reason. */
  public void loginRefused(String why) {
    refusals.count(Refusal.TOKEN);
    refusals.incidents().note(Incident.TOKEN, LOGINS, why);
  }

  /** Why the last connections ended. */
  public Closings closings() {
    return closings;
  }

  /** The rate at which a connection may send requests. */
  public Pace messagePace() {
    return messagePace;
  }

  /** The rate at which a connection may send bytes. */
  public Pace bytePace() {
    return bytePace;
  }

  /**
   * A random delay after which a client is to reconnect when this server stops, in milliseconds.
   */
  public long reconnectAfter() {
    long spread = config.general().reconnectSpread().toMillis();
    return spread == 0 ? 0 : random.nextLong(spread);
  }

  /**
   * A random delay after which a client is to reconnect when it loses its connection for another
   * reason, in milliseconds.
   */
  public long reconnectAfterLoss() {
    return LEAST_DELAY + reconnectAfter();
  }

  /** The tokens by which clients resume; null if sessions cannot be resumed. */
  public @Nullable SessionTokens sessions() {
    return sessions;
  }

  /** Whether one more connection may be detached. */
  public boolean mayDetach() {
    return detached.get() < config.limits().lostClients();
  }

  /** How many connections are detached. */
  public int detached() {
    return detached.get();
  }

  /** Adds to the number of detached connections; a negative number subtracts. */
  public void addDetached(int more) {
    detached.addAndGet(more);
  }

  /** Removes a connection from the directory. */
  public void forget(Participant connection) {
    connections.remove(connection);
  }
}
