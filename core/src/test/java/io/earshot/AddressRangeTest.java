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
  void an_address_lies_in_a_range_if_it_has_the_prefix(String range, String address, boolean lies) {
    assertThat(AddressRange.of(range).contains(InetAddress.ofLiteral(address))).isEqualTo(lies);
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
  void a_text_that_is_not_a_range_is_refused_with_the_name_of_the_setting(String text) {
    assertThatThrownBy(() -> AddressRange.of(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("'" + text + "' is not an address; write one such as ");
    if (!text.isEmpty()) {
      assertThatThrownBy(() -> Config.defaults().with("httpServer.trustedProxies", text))
          .hasMessageStartingWith("httpServer.trustedProxies: '" + text + "' is not an address");
    }
  }

  @Test
  void an_ipv4_mapped_address_counts_as_ipv4_however_it_was_made() throws Exception {
    byte[] mapped = InetAddress.ofLiteral("::1").getAddress();
    mapped[10] = (byte) 0xFF;
    mapped[11] = (byte) 0xFF;
    mapped[12] = 10;
    InetAddress wrapped = Inet6Address.getByAddress(null, mapped, 0); // as sockets return them
    assertThat(wrapped).isInstanceOf(Inet6Address.class);
    assertThat(AddressRange.of(wrapped, 128)).isEqualTo(AddressRange.of("10.0.0.1"));
    assertThat(AddressRange.of(wrapped, 104)).isEqualTo(AddressRange.of("10.0.0.0/8"));
    assertThat(AddressRange.of("::ffff:10.0.0.0/104")).hasToString("10.0.0.0/8");
    assertThat(AddressRange.of(wrapped, 64)).hasToString("0:0:0:0:0:0:0:0/64");
  }
}
