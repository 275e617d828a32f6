package io.earshot.backend.http;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Reads a body of bounded length. A longer one ends the connection: it fails, or is dropped if it
 * does not matter.
 *
 * <p>Owned by the JDK's client, which calls it by one thread at a time.
 */
final class BoundedBody implements BodySubscriber<byte[]> {
  private final CompletableFuture<byte[]> body = new CompletableFuture<>();
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final int most;
  private final boolean matters;
  private Flow.@Nullable Subscription subscription;

  /**
   * A reader.
   *
   * @param most the longest body, in bytes
   * @param matters whether a longer one is a failure
   */
  BoundedBody(int most, boolean matters) {
    this.most = most;
    this.matters = matters;
  }

  @Override
  public CompletionStage<byte[]> getBody() {
    return body;
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    given.request(Long.MAX_VALUE);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    for (ByteBuffer buffer : buffers) {
      if (body.isDone()) {
        return; // may come after the end of the subscription
      }
      if (bytes.size() + buffer.remaining() > most) {
        end();
      } else {
        byte[] some = new byte[buffer.remaining()];
        buffer.get(some);
        bytes.writeBytes(some);
      }
    }
  }

  private void end() {
    if (subscription != null) {
      subscription.cancel();
    }
    if (matters) {
      body.completeExceptionally(
          new BackEndException(
              "its answer is longer than " + most + " bytes (backEnds.answerBytes)"));
    } else {
      body.complete(new byte[0]);
    }
  }

  @Override
  public void onError(Throwable failure) {
    body.completeExceptionally(failure);
  }

  @Override
  public void onComplete() {
    body.complete(bytes.toByteArray());
  }
}
