package io.earshot.netty.operator;

import io.earshot.AddressRange;
import io.earshot.netty.http.ProblemException;
import io.earshot.netty.http.WebExchange;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.net.InetAddress;
import java.util.List;

/**
 * Who may read what is for operators alone, by the address of the request. The one place that
 * decides that.
 *
 * <p>Immutable.
 *
 * @param networks the addresses that may
 * @param setting the setting that lists them, for the error text
 */
record OperatorAccess(List<AddressRange> networks, String setting) {

  static OperatorAccess of(List<String> networks, String setting) {
    return new OperatorAccess(networks.stream().map(AddressRange::of).toList(), setting);
  }

  /**
   * Whether a request comes from one of the networks. Any client may be behind a proxy on this
   * machine, and may write an address into a header; so a request that passed a proxy counts only
   * by an address of another machine that a trusted proxy saw.
   */
  boolean admits(WebExchange exchange) {
    InetAddress address = exchange.address().getAddress();
    if (exchange.isProxied() && (address.isLoopbackAddress() || !exchange.isForwarded())) {
      return false;
    }
    return networks.stream().anyMatch(network -> network.contains(address));
  }

  /**
   * Refuses a request from elsewhere, and one of a page of another origin.
   *
   * @throws ProblemException if it is one; the detail names the setting
   */
  void check(WebExchange exchange) throws ProblemException {
    if (!admits(exchange)) {
      throw new ProblemException(
          HttpResponseStatus.FORBIDDEN,
          "the setting "
              + setting
              + " lists the addresses that may read this, and "
              + exchange.address().getAddress().getHostAddress()
              + (exchange.isProxied() ? " through a proxy is none of them" : " is none of them"));
    }
    if (exchange.isFromAnotherOrigin()) {
      throw new ProblemException(
          HttpResponseStatus.FORBIDDEN, "pages of other sites may not read this");
    }
  }
}
