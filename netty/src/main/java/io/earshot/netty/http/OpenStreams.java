package io.earshot.netty.http;

import io.earshot.netty.loop.NettyLoop;
import io.earshot.protocol.Request;
import io.earshot.spi.Intake;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The open streams whose clients send requests in a {@code POST}, by the key that each client has
 * chosen.
 *
 * <p>Thread-safe: the map is; each stream is called on its event loop.
 */
public final class OpenStreams {
  private static final int RETRY_MILLIS = 1_000;

  private final Map<String, Stream> streams = new ConcurrentHashMap<>();

  /** A stream. Owned by its event loop. */
  public static final class Stream {
    private final NettyLoop loop;
    private @Nullable Intake intake;

    private Stream(NettyLoop loop) {
      this.loop = loop;
    }

    /** Sets the receiver of the requests. Called once, in the same task as {@link #open}. */
    public void attach(Intake receiver) {
      intake = receiver;
    }
  }

  /** Whether a stream with this key is open. */
  public boolean contains(String key) {
    return streams.containsKey(key);
  }

  /**
   * Adds a stream until its channel is closed. Called on its event loop, before anything is sent to
   * the client, which may then use the key.
   */
  public Stream open(String key, NettyLoop loop, Channel channel) {
    var stream = new Stream(loop);
    streams.put(key, stream);
    var unused = channel.closeFuture().addListener(ignored -> streams.remove(key, stream));
    return stream;
  }

  /**
   * Hands requests to a stream, which answers them.
   *
   * @param bytes the length of the requests, for the client's rate
   * @return the requests, once the stream has them. Failed with a {@link ProblemException} if there
   *     is no such stream, or if it has too many requests already
   */
  public CompletableFuture<List<Request>> request(String key, List<Request> requests, int bytes) {
    var taken = new CompletableFuture<List<Request>>();
    Stream stream = streams.get(key);
    if (stream == null) {
      taken.completeExceptionally(unknown());
    } else {
      stream.loop.execute(() -> take(stream.intake, requests, bytes, taken));
    }
    return taken;
  }

  private static void take(
      @Nullable Intake intake,
      List<Request> requests,
      int bytes,
      CompletableFuture<List<Request>> taken) {
    if (intake == null || intake.isEnded()) {
      taken.completeExceptionally(unknown());
    } else if (intake.received(bytes)) {
      taken.completeExceptionally(
          ProblemException.tooManyRequests(
              "too many requests of this stream are not answered yet", RETRY_MILLIS));
    } else {
      requests.forEach(intake::handle);
      taken.complete(requests);
    }
  }

  private static ProblemException unknown() {
    return new ProblemException(
        HttpResponseStatus.NOT_FOUND, "there is no open stream with this key on this server");
  }
}
