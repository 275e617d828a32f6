package io.earshot.netty.socket;

import io.earshot.netty.loop.AddressLimits;
import io.earshot.spi.Refusal;
import java.net.InetSocketAddress;

/**
 * Refuses new connections of addresses that have too many, before it allocates anything for them.
 *
 * <p>Immutable.
 *
 * @param response the bytes for a refused client; empty if none can be sent
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
public record ConnectionFilter(AddressLimits limits, byte[] response) {
  /** The reason that a refused client receives. */
  public static final String TOO_MANY = "there are too many connections from your address";

  /** Whether a client may connect; if so, {@link AddressLimits#leave} has to follow. */
  public boolean admits(InetSocketAddress remote) {
    if (limits.enters(remote.getAddress())) {
      return true;
    }
    limits.count(Refusal.CONNECTIONS);
    return false;
  }
}
