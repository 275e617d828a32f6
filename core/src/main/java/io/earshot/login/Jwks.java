package io.earshot.login;

import io.earshot.token.KeySet;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The keys of another issuer, from the address of its JSON Web Key Set. They are fetched at the
 * start, again when they are old, and when a token names an unknown key; that happens at most once
 * in {@link #LEAST_INTERVAL}. The last keys stay while the address does not answer.
 *
 * <p>Thread-safe: a volatile set of keys, and a lock for the fetch under way, under which nothing
 * waits.
 */
public final class Jwks {
  /** The time between two fetches, also of failed ones. */
  static final Duration LEAST_INTERVAL = Duration.ofSeconds(3);

  /** After this time the keys are fetched again when a token is checked. */
  static final Duration FRESH = Duration.ofMinutes(10);

  private static final System.Logger LOG = System.getLogger(Jwks.class.getName());

  private final Supplier<KeySet> fetch;
  private final String address;
  private final Executor threads;
  private final LongSupplier elapsed;
  private volatile KeySet keys = KeySet.NONE;
  private @Nullable CompletableFuture<KeySet> underWay;

  /** When the last fetch began and succeeded, by the clock; null before the first. */
  private volatile @Nullable Long begun;

  private volatile @Nullable Long fetched;

  /**
   * Keys that are not fetched yet.
   *
   * @param fetch fetches the keys, within a time limit; throws if it fails
   * @param address the address, for the log
   * @param threads runs a fetch
   * @param elapsed a clock for durations, in milliseconds
   */
  Jwks(Supplier<KeySet> fetch, String address, Executor threads, LongSupplier elapsed) {
    this.fetch = fetch;
    this.address = address;
    this.threads = threads;
    this.elapsed = elapsed;
  }

  /**
   * The keys at an address.
   *
   * @return null if the address is empty
   */
  public static @Nullable Jwks at(String address, LongSupplier elapsed) {
    if (address.isEmpty()) {
      return null;
    }
    var remote = new JwksAddress(address);
    var jwks = new Jwks(remote::fetch, address, Thread::startVirtualThread, elapsed);
    var unused = jwks.refreshed();
    return jwks;
  }

  /** The keys as they are known. Old ones are fetched again meanwhile. */
  KeySet now() {
    Long last = fetched;
    if (last == null || elapsed.getAsLong() - last >= FRESH.toMillis()) {
      var unused = refreshed();
    }
    return keys;
  }

  /**
   * Fetches the keys, unless that was tried a short time ago.
   *
   * @return the keys after that, completed on any thread; never failed
   */
  synchronized CompletableFuture<KeySet> refreshed() {
    if (underWay != null) {
      return underWay;
    }
    long now = elapsed.getAsLong();
    Long last = begun;
    if (last != null && now - last < LEAST_INTERVAL.toMillis()) {
      return CompletableFuture.completedFuture(keys);
    }
    begun = now;
    var fetching = new CompletableFuture<KeySet>();
    underWay = fetching;
    threads.execute(() -> fetch(fetching));
    return fetching;
  }

  private void fetch(CompletableFuture<KeySet> fetching) {
    try {
      KeySet newer = fetch.get();
      if (!newer.ids().equals(keys.ids())) {
        LOG.log(System.Logger.Level.INFO, "the keys of {0} are now {1}", address, newer.ids());
      }
      keys = newer;
      fetched = elapsed.getAsLong();
    } catch (RuntimeException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "the keys of {0} could not be fetched, so the last ones stay: {1}",
          address,
          e.getMessage());
    } finally {
      synchronized (this) {
        underWay = null;
      }
      fetching.complete(keys);
    }
  }
}
