package io.earshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet6Address;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRangeTest {
  @ParameterizedTest
  @CsvSource({
    "192.0.2.1, 192.0.2.1, true",
    "192.0.2.1, 192.0.2.2, false",
    "10.0.0.0/8, 10.255.0.1, true",
    "10.0.0.0/8, 11.0.0.1, false",
    "10.1.2.3/8, 10.255.0.1, true",
    "172.16.0.0/12, 172.31.255.255, true",
    "172.16.0.0/12, 172.32.0.0, false",
    "0.0.0.0/0, 255.255.255.255, true",
    "0.0.0.0/0, ::1, false",
    "::/0, 1.2.3.4, false",
    "2001:db8::/33, 2001:db8:7fff::1, true",
    "2001:db8::/33, 2001:db8:8000::1, false",
    "192.0.2.1, ::ffff:192.0.2.1, true"
  })
  void an_address_is_in_a_range_if_their_first_bits_are_equal(
      String range, String address, boolean isIn) {
    assertThat(AddressRange.of(range).contains(InetAddress.ofLiteral(address))).isEqualTo(isIn);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "localhost",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/",
        "::/129",
        "1.2.3/x",
        "1.2.3",
        "10/8"
      })
  void an_invalid_range_is_refused_with_the_name_of_the_setting(String text) {
    assertThatThrownBy(() -> AddressRange.of(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("'" + text + "' is no address; write one such as ");
    if (!text.isEmpty()) {
      assertThatThrownBy(() -> Config.defaults().with("httpServer.trustedProxies", text))
          .hasMessageStartingWith("httpServer.trustedProxies: '" + text + "' is no address");
    }
  }

  @Test
  void an_ipv4_address_mapped_to_ipv6_is_the_ipv4_address() throws Exception {
    byte[] bytes = InetAddress.ofLiteral("::1").getAddress();
    bytes[10] = (byte) 0xFF;
    bytes[11] = (byte) 0xFF;
    bytes[12] = 10;
    InetAddress mapped = Inet6Address.getByAddress(null, bytes, 0); // as sockets give them
    assertThat(mapped).isInstanceOf(Inet6Address.class);
    assertThat(AddressRange.of(mapped, 128)).isEqualTo(AddressRange.of("10.0.0.1"));
    assertThat(AddressRange.of(mapped, 104)).isEqualTo(AddressRange.of("10.0.0.0/8"));
    assertThat(AddressRange.of("::ffff:10.0.0.0/104")).hasToString("10.0.0.0/8");
    assertThat(AddressRange.of(mapped, 64)).hasToString("0:0:0:0:0:0:0:0/64");
  }
}
