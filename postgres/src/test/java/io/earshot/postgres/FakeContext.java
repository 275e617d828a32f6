package io.earshot.postgres;

import io.earshot.Api;
import io.earshot.protocol.Json;
import io.earshot.spi.Archive;
import io.earshot.spi.ExtensionContext;
import io.earshot.spi.Source;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A context without a server, which remembers problems.
 *
 * <p>Thread-safe: a concurrent list, and volatile fields.
 */
final class FakeContext implements ExtensionContext {
  final List<String> problems = new CopyOnWriteArrayList<>();
  volatile String identity;
  volatile @Nullable Api api;

  FakeContext(String identity) {
    this.identity = identity;
  }

  @Override
  public Api api() {
    return Objects.requireNonNull(api, "api");
  }

  @Override
  public void archive(Archive archive) {}

  @Override
  public void source(Source source) {}

  @Override
  public CompletionStage<String> deployment() {
    return CompletableFuture.completedStage(identity);
  }

  @Override
  public void metric(String name, String meaning, Map<String, String> tags, LongSupplier value) {}

  @Override
  public void adminRoute(
      String method, String shape, Function<AdminRequest, CompletionStage<Json>> reply) {}

  @Override
  public void problem(String name, String what) {
    problems.add(what);
  }
}
