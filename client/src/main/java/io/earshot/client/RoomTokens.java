package io.earshot.client;

import java.util.LinkedHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The tokens for private rooms, which the program gives.
 *
 * <p>Guarded by the lock of its {@link Connection}.
 */
final class RoomTokens {
  private final Connection connection;
  private final Function<String, @Nullable String> source;

  RoomTokens(Connection connection, Settings settings) {
    this.connection = connection;
    this.source = settings.tokens();
  }

  /**
   * Asks the program for a room's token, on a virtual thread since the program may block. Then runs
   * {@code next} under the lock, unless the transport was lost in the meantime. If the program
   * throws, {@code next} gets null: the failure matters only if the server asks for a token.
   */
  void with(RoomState room, Consumer<@Nullable String> next) {
    Attempt attempt = connection.current();
    Threads.PER_TASK.execute(
        () -> {
          String found = null;
          RuntimeException thrown = null;
          try {
            found = source.apply(room.name);
          } catch (RuntimeException e) {
            thrown = e;
          }
          String token = found;
          RuntimeException failure = thrown;
          connection.locked(
              () -> {
                if (connection.isCurrent(attempt)) {
                  room.tokenFailure = failure;
                  next.accept(token);
                }
              });
        });
  }

  /** Shows the server a newer token of a room that the client is in. */
  void renew(RoomState room) {
    with(
        room,
        token -> {
          if (token != null) {
            var fields = new LinkedHashMap<String, Object>();
            fields.put("event", "tokenRefresh");
            fields.put("token", token);
            // If the server refuses it, the notice that the token has expired will follow.
            var unused = connection.requests().control(fields).exceptionally(ignored -> null);
          }
        });
  }
}
