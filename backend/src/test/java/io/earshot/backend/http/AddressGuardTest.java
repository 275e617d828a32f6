package io.earshot.backend.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** To which addresses requests may go. */
final class AddressGuardTest {
  private static boolean isAllowed(String address, String... allowed) throws Exception {
    return new AddressGuard(List.of(allowed)).isAllowed(InetAddress.getByName(address));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.1.2.3",
        "100.100.100.200", // metadata of Alibaba
        "168.63.129.16", // of Azure
        "169.254.169.254", // of most clouds
        "169.254.170.2", // of containers
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.192", // of Oracle
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2001::1",
        "2002:7f00:1::",
        "fd00:ec2::254", // metadata of Amazon
        "fc00::1",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1"
      })
  void addresses_that_are_not_public_are_refused(String address) throws Exception {
    assertThat(isAllowed(address)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::1.1.1.1"})
  void public_addresses_are_allowed(String address) throws Exception {
    assertThat(isAllowed(address)).isTrue();
  }

  @Test
  void a_range_that_is_configured_is_allowed_and_no_more() throws Exception {
    assertThat(isAllowed("10.1.2.3", "10.1.0.0/16", "::1")).isTrue();
    assertThat(isAllowed("::ffff:10.1.2.3", "10.1.0.0/16")).isTrue();
    assertThat(isAllowed("::1", "10.1.0.0/16", "::1")).isTrue();
    assertThat(isAllowed("10.2.2.3", "10.1.0.0/16", "::1")).isFalse();
    assertThat(isAllowed("64:ff9b::10.1.2.3", "10.1.0.0/16")).isTrue();
  }
}
