package io.earshot.connection;

import io.earshot.Config;
import io.earshot.access.SessionTokens;
import io.earshot.action.ActionRunner;
import io.earshot.config.RoomRule;
import io.earshot.moderation.Moderator;
import io.earshot.room.Rooms;
import io.earshot.spi.Pace;
import io.earshot.spi.Refusal;
import io.earshot.spi.Refusals;
import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of a server share.
 *
 * <p>Thread-safe: final parts, and an atomic count.
 */
public final class EngineContext {
  private final Config config;
  private final Rooms rooms;
  private final Admission admission;
  private final Moderator moderation;
  private final Directory connections;
  private final ConnectionActions connectionActions;
  private final ActionRunner actions;
  private final Refusals refusals;
  private final @Nullable SessionTokens sessions;
  private final Pace messagePace;
  private final Pace bytePace;
  private final AtomicInteger waiting = new AtomicInteger();
  private final SecureRandom random;

  public EngineContext(
      Config config,
      Rooms rooms,
      Admission admission,
      Moderator moderation,
      Directory connections,
      ConnectionActions connectionActions,
      ActionRunner actions,
      Refusals refusals,
      SecureRandom random) {
    this.config = config;
    this.rooms = rooms;
    this.admission = admission;
    this.moderation = moderation;
    this.connections = connections;
    this.connectionActions = connectionActions;
    this.actions = actions;
    this.refusals = refusals;
    this.random = random;
    Config.Limits limits = config.limits();
    this.messagePace = new Pace(limits.messagesPerSecond(), limits.messageBurst());
    this.bytePace = new Pace(limits.bytesPerSecond(), limits.bytesBurst());
    this.sessions =
        config.general().resumeWindow().isZero()
            ? null
            : new SessionTokens(config.commonWeb().cookieSecret());
  }

  public Config config() {
    return config;
  }

  RoomRule rule(String room) {
    return rooms.rule(room);
  }

  public Rooms rooms() {
    return rooms;
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

  /** Where else clients may be; null if there are no other servers. */
  public @Nullable PeerSessions peers() {
    return connectionActions.peers();
  }

  /** Counts something that was refused. */
  public void count(Refusal kind) {
    refusals.count(kind);
  }

  /** How many requests a connection may send. */
  public Pace messagePace() {
    return messagePace;
  }

  /** How many bytes a connection may send. */
  public Pace bytePace() {
    return bytePace;
  }

  /** When a client of this server, which stops, is to come back, in milliseconds. */
  public long reconnectAfter() {
    long spread = config.general().reconnectSpread().toMillis();
    return spread == 0 ? 0 : random.nextLong(spread);
  }

  /** What lost clients come back by; null where nobody can come back. */
  public @Nullable SessionTokens sessions() {
    return sessions;
  }

  /** Whether one more client may be waited for. */
  public boolean mayWaitForMore() {
    return waiting.get() < config.limits().lostClients();
  }

  /** So many more clients, or fewer, are waited for. */
  public void waiting(int more) {
    waiting.addAndGet(more);
  }

  long now() {
    return rooms.now();
  }

  public void forget(Participant connection) {
    connections.remove(connection);
  }
}
