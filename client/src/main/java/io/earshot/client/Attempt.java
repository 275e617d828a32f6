package io.earshot.client;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One transport of a client, from the attempt to open it to its end.
 *
 * <p>Guarded by the lock of its {@link Connection}; {@link #received} and {@link #ended} take it.
 */
final class Attempt implements Transport.Receiver {

  /** How long the server may take to send its welcome, in milliseconds. */
  private static final long WELCOME_TIMEOUT = 10_000;

  private final Connection connection;
  private final Duration heartbeat;
  private final List<String> unsent = new ArrayList<>();
  private @Nullable Transport transport;

  /** The token of the login that is not shown yet; null if there is none. */
  private @Nullable String token;

  /** Whether the server has sent its welcome. If it does not, the attempt has failed. */
  private boolean isWelcomed;

  /** When the server sent something last, by {@link System#nanoTime}. */
  private long heardAt = System.nanoTime();

  /** When the client asked the server for a sign of life; null if the server has answered. */
  private @Nullable Long askedAt;

  Attempt(Connection connection, Duration heartbeat) {
    this.connection = connection;
    this.heartbeat = heartbeat;
  }

  boolean isOpen() {
    return transport != null;
  }

  /** Shows a token once the server has sent its welcome. */
  void showLater(@Nullable String token) {
    this.token = token;
  }

  /** The server has sent its welcome. Returns the token to show now; null for none. */
  @Nullable String welcomed() {
    isWelcomed = true;
    String now = token;
    token = null;
    return now;
  }

  void send(String text) {
    if (transport == null) {
      unsent.add(text);
    } else {
      transport.send(text);
    }
  }

  void quit() {
    if (transport != null) {
      transport.send("{\"event\":\"quit\"}");
      transport.close();
    }
  }

  void close() {
    if (transport != null) {
      transport.close();
    }
  }

  @Override
  public void received(String text) {
    connection.locked(
        () -> {
          if (connection.isCurrent(this)) {
            heardAt = System.nanoTime();
            askedAt = null;
            connection.received(text);
          }
        });
  }

  @Override
  public void ended(int code, String reason) {
    connection.locked(() -> connection.disconnected(this, code, reason));
  }

  void opened(Transport open) {
    if (!connection.isCurrent(this)) {
      open.close();
      return;
    }
    transport = open;
    unsent.forEach(open::send);
    unsent.clear();
    keepAlive(open);
    connection.later(
        WELCOME_TIMEOUT,
        () -> {
          if (connection.isCurrent(this) && !isWelcomed) {
            open.close();
            connection.disconnected(
                this, 0, "the server sent no welcome in " + WELCOME_TIMEOUT + " ms");
          }
        });
  }

  /** Asks for a sign of life after some silence, and gives up after as much again. */
  private void keepAlive(Transport open) {
    connection.later(
        Math.max(1, heartbeat.toMillis() / 4),
        () -> {
          if (!connection.isCurrent(this)) {
            return;
          }
          long now = System.nanoTime();
          if (askedAt != null && now - askedAt > heartbeat.toNanos()) {
            open.abort();
            connection.disconnected(this, 0, "the server is silent");
            return;
          }
          if (askedAt == null && isWelcomed && now - heardAt > heartbeat.toNanos()) {
            askedAt = now;
            var unused =
                connection
                    .requests()
                    .control(Map.of("event", "detailsView"))
                    .exceptionally(ignored -> null);
          }
          keepAlive(open);
        });
  }
}
