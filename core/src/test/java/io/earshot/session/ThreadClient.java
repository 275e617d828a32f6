package io.earshot.session;

import static java.util.Objects.requireNonNull;

import io.earshot.protocol.Command;
import io.earshot.protocol.Json;
import io.earshot.protocol.Request;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import io.earshot.testing.ThreadLoop;
import io.netty.buffer.ByteBuf;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One connection of {@link RoomThreadsTest}.
 *
 * <p>Owned by its loop, except for fields that are volatile or futures.
 */
final class ThreadClient implements Outbound {
  /** The offset of a request that was refused. */
  static final int REFUSED = -1;

  private static final String ENDED = "gone";
  private static final Pattern OFFSET = Pattern.compile("\"offset\":(\\d+)");

  final ThreadLoop loop;
  final Wire wire;
  final CompletableFuture<@Nullable String> id = new CompletableFuture<>();
  final CompletableFuture<String> welcome = new CompletableFuture<>();

  /** Completed when the connection has left all rooms. */
  final CompletableFuture<Void> over = new CompletableFuture<>();

  /** The offsets of the messages that the client has received in the room. */
  final List<Integer> heard = new ArrayList<>();

  private final StringBuilder partial = new StringBuilder();
  private final Map<String, CompletableFuture<String>> unanswered = new HashMap<>();
  private int requests;
  @Nullable Intake intake;

  ThreadClient(ThreadLoop loop, Wire wire) {
    this.loop = loop;
    this.wire = wire;
  }

  /**
   * Sends a request and waits for the answer.
   *
   * @return null if the connection has ended; if it was ending, this waits for the end
   */
  @Nullable String ask(Command command) {
    var answer = new CompletableFuture<String>();
    loop.execute(
        () -> {
          if (isEnding()) {
            answer.complete(ENDED);
          } else {
            String number = Integer.toString(++requests);
            unanswered.put(number, answer);
            requireNonNull(intake).handle(new Request(command, Json.of(number)));
          }
        });
    String answered = await(answer);
    if (answered.equals(ENDED) || answered.contains("this connection is ending")) {
      await(over);
      return null;
    }
    return answered;
  }

  boolean isEnding() {
    return intake != null && intake.isEnded();
  }

  void completeOver() {
    over.complete(null);
  }

  @Override
  public void write(ByteBuf batch, int offset, int length) {
    partial.append(batch.toString(offset, length, StandardCharsets.UTF_8));
    for (int end = partial.indexOf("\n"); end >= 0; end = partial.indexOf("\n")) {
      hear(partial.substring(0, end));
      partial.delete(0, end + 1);
    }
  }

  private void hear(String line) {
    if (line.contains("\"context\":\"user\"")) {
      if (line.contains("\"room\":\"room ")) {
        heard.add(offset(line));
      }
    } else if (line.contains("\"welcome\"")) {
      welcome.complete(line);
    } else {
      unanswered
          .entrySet()
          .removeIf(
              request ->
                  line.contains("\"messageId\":\"" + request.getKey() + "\"")
                      && request.getValue().complete(line));
    }
  }

  @Override
  public SocketAddress remoteAddress() {
    return new InetSocketAddress(0);
  }

  @Override
  public int pendingBytes() {
    return 0;
  }

  @Override
  public void resume() {}

  @Override
  public void finish() {
    completeOver();
  }

  @Override
  public void close() {}

  /** The offset that an answer has; {@link #REFUSED} without one. */
  static int offset(@Nullable String answer) {
    Matcher offset = OFFSET.matcher(answer == null ? "" : answer);
    return offset.find() ? Integer.parseInt(offset.group(1)) : REFUSED;
  }

  /** Waits for a result, for 30 seconds at most. */
  static <T extends @Nullable Object> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
    } catch (InterruptedException | ExecutionException | TimeoutException e) {
      throw new IllegalStateException("not answered", e);
    }
  }
}
