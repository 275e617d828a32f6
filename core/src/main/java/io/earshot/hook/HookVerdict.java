package io.earshot.hook;

import io.earshot.protocol.Json;
import org.jspecify.annotations.Nullable;

/**
 * The decision of hooks about a request.
 *
 * <p>Immutable.
 *
 * @param message the message to deliver, which hooks may have changed
 * @param refusal why the request is refused, as the client sees it; null if it is allowed
 */
public record HookVerdict(Json message, @Nullable String refusal) {}
