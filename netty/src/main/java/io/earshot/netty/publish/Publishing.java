package io.earshot.netty.publish;

import io.earshot.ChatRoom;
import io.earshot.RefusedException;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.Site;
import io.earshot.netty.publish.PublishRequest.Entry;
import io.earshot.protocol.Cursor;
import io.earshot.protocol.Json;
import io.earshot.spi.BrokerException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Publishes messages of back ends: one to a room, or many to many rooms.
 *
 * <p>Thread-safe: immutable, and the rooms that it tells are owned by event loops.
 */
public final class Publishing {
  private final ChatRoom rooms;
  private final int maxLength;

  public Publishing(Site site) {
    this.rooms = site.engine().api().chatRoom();
    this.maxLength = site.maxMessageLength();
  }

  /**
   * Publishes a message to a room.
   *
   * @param room a valid name
   * @param body the message and what belongs to it
   * @param repeats a text that the request and its repeats share; null for none
   * @return the place of the message. Failed with a {@link RejectedExecutionException} if it cannot
   *     be published now
   * @throws ProblemException if the body is not valid
   */
  public CompletionStage<Cursor> publish(
      String room, Map<String, Json> body, @Nullable String repeats) throws ProblemException {
    return rooms
        .publish(PostedMessage.of(body, List.of(), maxLength).to(room, repeats))
        .exceptionallyCompose(
            failure ->
                CompletableFuture.failedStage(
                    ProblemException.cause(failure) instanceof RefusedException refused
                        ? new RejectedExecutionException(refused.getMessage())
                        : failure));
  }

  /**
   * Publishes the messages of a request. Those for one room keep their order.
   *
   * @param body the list of messages
   * @param repeats a text that the request and its repeats share; null for none
   * @return what became of each message; does not fail
   * @throws ProblemException if a message is not valid; then none is published
   */
  public CompletionStage<Published> publish(Map<String, Json> body, @Nullable String repeats)
      throws ProblemException {
    List<CompletableFuture<Published.Result>> results =
        PublishRequest.read(body, maxLength, repeats).stream().map(this::publish).toList();
    return CompletableFuture.allOf(results.toArray(CompletableFuture<?>[]::new))
        .thenApply(
            ignored -> new Published(results.stream().map(CompletableFuture::join).toList()));
  }

  private CompletableFuture<Published.Result> publish(Entry entry) {
    String room = entry.publication().room();
    return rooms
        .publish(entry.publication())
        .handle(
            (place, failure) ->
                new Published.Result(
                    entry.index(), room, place, failure == null ? null : words(failure)))
        .toCompletableFuture();
  }

  private static String words(Throwable failure) {
    return ProblemException.cause(failure) instanceof RefusedException refused
        ? String.valueOf(refused.getMessage())
        : BrokerException.explained(failure);
  }
}
