package io.earshot.netty;

import io.earshot.spi.Refusal;
import java.net.InetSocketAddress;

/**
 * Who stands at a port, and sends away those whose address has too many connections already, before
 * anything is made for them.
 *
 * <p>Immutable.
 *
 * @param words what they are told, as it goes over the wire; empty where there are none
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never changed
record Doorkeeper(Guard guard, byte[] words) {

  /** Whether somebody may come in; if so, {@link Guard#leave} has to follow. */
  boolean admits(InetSocketAddress remote) {
    if (guard.enters(remote.getAddress())) {
      return true;
    }
    guard.count(Refusal.CONNECTIONS);
    return false;
  }
}
