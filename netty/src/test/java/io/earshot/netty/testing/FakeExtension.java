package io.earshot.netty.testing;

import io.earshot.Config;
import io.earshot.RefusedException;
import io.earshot.protocol.Json;
import io.earshot.spi.Extension;
import io.earshot.spi.ExtensionContext;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An extension of servers whose {@code general.serverName} is {@link #NAME}.
 *
 * <p>Thread-safe: its counts are atomic.
 */
public final class FakeExtension implements Extension {
  public static final String NAME = "a server with an extension";

  /** How many are started and not closed. */
  public static final AtomicInteger RUNNING = new AtomicInteger();

  @Override
  public List<String> asked(Config config) {
    return config.general().serverName().equals(NAME) ? List.of("general.serverName") : List.of();
  }

  @Override
  public AutoCloseable start(ExtensionContext context) {
    if (!context.api().configData().hooks().http().isEmpty()) {
      throw new IllegalArgumentException("hooks.http is not for this extension");
    }
    RUNNING.incrementAndGet();
    context.api().hooks().onSay("*", say -> say.message().asText() + "!");
    context.metric("earshot.fake.calls", "Calls of a test.", Map.of("kind", "a"), () -> 7);
    context.metric("earshot.fake.waiting", "What waits in a test.", Map.of(), () -> 3);
    context.adminRoute("GET", "fakes", call -> done(Json.from(call.query())));
    context.adminRoute("POST", "fakes/*/retry", call -> retry(context, call));
    return RUNNING::decrementAndGet;
  }

  private static CompletionStage<Json> retry(
      ExtensionContext context, ExtensionContext.AdminRequest call) {
    String name = call.names().getFirst();
    return switch (name) {
      case "missing" -> throw new NoSuchElementException("there is no " + name);
      case "late" ->
          CompletableFuture.failedStage(new NoSuchElementException("there is no " + name));
      case "wrong" -> throw new IllegalArgumentException("count is a number");
      case "busy" -> CompletableFuture.failedStage(new RefusedException("it is being done"));
      case "away" -> {
        context.problem("https://app.example.org/events", "it cannot be reached");
        yield done(Json.of(name));
      }
      default -> done(Json.from(Map.of("name", name, "body", call.body())));
    };
  }

  private static CompletionStage<Json> done(Json json) {
    return CompletableFuture.completedStage(json);
  }
}
