package io.earshot.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.spi.Broker;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;

/** What servers may rely on, whatever their brokers share: the tests that every broker passes. */
@Timeout(60)
public abstract class BrokerContract
    implements BrokerOrderContract,
        BrokerReadingContract,
        BrokerMembersContract,
        BrokerServersContract {
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final List<BrokerPeer> peers = new ArrayList<>();

  protected BrokerContract() {}

  /**
   * One more broker, which has not started. The brokers of one test reach each other, and none of
   * another test.
   */
  protected abstract Broker broker();

  @Override
  public final BrokerPeer peer() {
    var peer = new BrokerPeer("peer-" + NAMES.incrementAndGet(), broker());
    peers.add(peer);
    peer.start().awaitConnected(1);
    return peer;
  }

  @Override
  public final List<BrokerPeer> peers() {
    return peers;
  }

  @AfterEach
  final void close_all_brokers_and_check_that_each_room_had_one_message_at_a_time() {
    // All at once, since a broker that closes waits for the others.
    CompletableFuture.allOf(
            peers.stream()
                .map(peer -> CompletableFuture.runAsync(peer::close))
                .toArray(CompletableFuture<?>[]::new))
        .join();
    assertThat(peers).noneMatch(BrokerPeer::wasToldConcurrently);
  }
}
