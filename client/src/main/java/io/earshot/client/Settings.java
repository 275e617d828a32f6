package io.earshot.client;

import io.earshot.protocol.Cursor;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * What the program has chosen for a client; {@link ClientBuilder} documents each value.
 *
 * <p>Immutable.
 */
record Settings(
    URI uri,
    Map<String, String> headers,
    @Nullable SSLContext tls,
    @Nullable Callable<@Nullable String> login,
    Function<String, @Nullable String> tokens,
    @Nullable Cursor inboxAfter,
    @Nullable Consumer<Event> inboxHandler,
    @Nullable Mapper mapper,
    Backoff backoff,
    Duration patience,
    Duration heartbeat) {}
