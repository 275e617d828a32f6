package io.earshot.netty.http;

import io.earshot.netty.frame.Framing;
import io.earshot.protocol.Request;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The decision of a route about a request. The connection's handler executes it. */
public sealed interface Answer {

  /**
   * Send a response.
   *
   * @param last whether the connection is closed after the response
   */
  record Now(FullHttpResponse response, boolean last) implements Answer {}

  /**
   * Send a response when some work is done.
   *
   * @param work cancelled if the client leaves before that
   * @param encoder makes the response of the result
   * @param onLoop whether the encoder runs on the connection's event loop; if not, it runs on the
   *     thread that completes the work
   * @param isPoll whether the work is of no use to a client that shuts its output down meanwhile
   */
  record Later<T>(CompletableFuture<T> work, Encoder<T> encoder, boolean onLoop, boolean isPoll)
      implements Answer {

    /**
     * Hands over the response once the work is done.
     *
     * @param to called on the thread that completes the work; calls the supplier on the event loop
     */
    public void whenDone(Consumer<Supplier<FullHttpResponse>> to) {
      var unused =
          work.whenComplete(
              (result, failure) -> {
                if (onLoop) {
                  to.accept(() -> encoder.encode(result, failure));
                } else {
                  FullHttpResponse response = encoder.encode(result, failure);
                  to.accept(() -> response);
                }
              });
    }
  }

  /** Make the connection a WebSocket. */
  record WebSocket(JoinRequest join) implements Answer {}

  /**
   * Make the connection a stream of a room's messages.
   *
   * @param head the response before the stream
   * @param framing the format of the stream
   */
  record Stream(HttpResponse head, Framing framing, JoinRequest join) implements Answer {}

  /**
   * Make the connection a stream of the messages of several rooms.
   *
   * @param head the response before the stream
   * @param framing the format of the stream
   * @param key the key by which the client sends further requests; null if it sends none
   * @param pingInterval after how long without a message the server sends a ping
   * @param requests the requests that the stream begins with, such as those to join rooms
   * @param byUrl whether the URL names the rooms, so that a browser that reconnects names them
   *     again
   */
  record SharedStream(
      HttpResponse head,
      Framing framing,
      @Nullable String key,
      Duration pingInterval,
      List<Request> requests,
      boolean byUrl)
      implements Answer {

    /** Copies the list. */
    public SharedStream {
      requests = List.copyOf(requests);
    }
  }

  /**
   * Make the connection a stream of something other than messages.
   *
   * @param head the response before the stream
   * @param body writes the stream to the channel, which has no handlers of HTTP any more
   */
  record Feed(HttpResponse head, Consumer<Channel> body) implements Answer {}

  /** Send the file at a path under {@code /public}. */
  record File(String path) implements Answer {}

  /** Makes a response of the result of some work, or of its failure. */
  interface Encoder<T> {
    FullHttpResponse encode(@Nullable T result, @Nullable Throwable failure);
  }

  static Answer now(FullHttpResponse response) {
    return new Now(response, false);
  }

  /** Sends a response, and closes the connection. */
  static Answer last(FullHttpResponse response) {
    return new Now(response, true);
  }

  static <T> Answer later(CompletableFuture<T> work, Encoder<T> encoder) {
    return new Later<>(work, encoder, true, false);
  }

  /** Like {@link #later}, for a response that takes long to encode. The encoder must not throw. */
  static <T> Answer encodedOffLoop(CompletableFuture<T> work, Encoder<T> encoder) {
    return new Later<>(work, encoder, false, false);
  }
}
