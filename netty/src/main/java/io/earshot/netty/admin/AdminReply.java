package io.earshot.netty.admin;

import io.earshot.protocol.Json;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The answer to a call of the admin API.
 *
 * <p>Immutable.
 *
 * @param body JSON
 * @param location the path of the resource that was created, or null
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record AdminReply(HttpResponseStatus status, byte[] body, @Nullable String location) {

  static AdminReply ok(Json json) {
    return ok(json.encode());
  }

  static AdminReply ok(byte[] json) {
    return new AdminReply(HttpResponseStatus.OK, json, null);
  }

  static AdminReply created(Json json, @Nullable String location) {
    return new AdminReply(HttpResponseStatus.CREATED, json.encode(), location);
  }

  /** An answer that says of each part of the call whether it is done, where some are not. */
  static AdminReply partial(Json json) {
    return new AdminReply(HttpResponseStatus.MULTI_STATUS, json.encode(), null);
  }

  /** Whether all that the call asked for is done, so that a repeat of it has the same answer. */
  boolean isComplete() {
    return !status.equals(HttpResponseStatus.MULTI_STATUS);
  }

  /** This reply, for a call that needs no waiting. */
  CompletionStage<AdminReply> now() {
    return CompletableFuture.completedStage(this);
  }
}
