package io.earshot.hook;

import io.earshot.protocol.Json;
import org.jspecify.annotations.Nullable;

/**
 * What became of what somebody wants to say, or do.
 *
 * @param message what is to be said, which may be something else
 * @param refusal why it is not, in words for who asked; null if it is
 */
public record HookVerdict(Json message, @Nullable String refusal) {}
