package io.earshot.netty.identity;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.http.DefaultHttpHeaders;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwardedTest {
  private static final Forwarded FORWARDED = Forwarded.of(List.of("10.0.0.0/8", "::1"));

  private static InetSocketAddress socket(String address) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), 1234);
  }

  private static Forwarded.Origin origin(String socket, String... addresses) {
    var headers = new DefaultHttpHeaders();
    for (String line : addresses) {
      headers.add("X-Forwarded-For", line);
    }
    return FORWARDED.origin(socket(socket), headers);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          10.0.0.1  | 192.0.2.1                        | 192.0.2.1
          10.0.0.1  | 1.1.1.1, 192.0.2.1               | 192.0.2.1
          10.0.0.1  | 1.1.1.1, 192.0.2.1, 10.9.9.9     | 192.0.2.1
          10.0.0.1  | 10.0.0.3, 10.0.0.2               | 10.0.0.3
          10.0.0.1  | 192.0.2.1:4711                   | 192.0.2.1
          10.0.0.1  | [2001:db8::1]:4711               | 2001:db8::1
          10.0.0.1  | [2001:db8::1]                    | 2001:db8::1
          ::1       | 2001:db8::1                      | 2001:db8::1
          10.0.0.1  | ::ffff:192.0.2.1                 | 192.0.2.1
          """)
  void the_client_is_the_last_address_that_is_no_trusted_proxy(
      String socket, String told, String client) {
    assertThat(origin(socket, told).address().getAddress())
        .isEqualTo(InetAddress.ofLiteral(client));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          192.0.2.7 | 1.1.1.1
          192.0.2.7 | 10.0.0.1
          10.0.0.1  | unknown
          10.0.0.1  | ''
          10.0.0.1  | 1.1.1.1, localhost
          10.0.0.1  | 1.1.1.1, 1.2.3
          10.0.0.1  | [
          10.0.0.1  | 1.1.1.1,
          """)
  void without_a_trusted_header_the_client_is_the_address_of_the_socket(
      String socket, String told) {
    assertThat(origin(socket, told).address()).isEqualTo(socket(socket));
  }

  @Test
  void a_header_may_be_spread_over_lines() {
    assertThat(origin("10.0.0.1", "1.1.1.1", "192.0.2.1, 10.0.0.2").address().getHostString())
        .isEqualTo("192.0.2.1");
    assertThat(origin("10.0.0.1").address()).isEqualTo(socket("10.0.0.1"));
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1, https, true",
    "10.0.0.1, HTTPS, true",
    "10.0.0.1, http, false",
    "10.0.0.1, 'https, http', false",
    "10.0.0.1, '', false",
    "192.0.2.7, https, false"
  })
  void a_trusted_proxy_says_whether_its_client_uses_tls(
      String socket, String told, boolean overTls) {
    var headers = new DefaultHttpHeaders();
    headers.set("X-Forwarded-Proto", told);
    assertThat(FORWARDED.origin(socket(socket), headers).overTls()).isEqualTo(overTls);
    headers.remove("X-Forwarded-Proto");
    assertThat(FORWARDED.origin(socket(socket), headers).overTls()).isFalse();
  }
}
