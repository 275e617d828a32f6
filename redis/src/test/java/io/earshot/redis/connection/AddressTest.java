package io.earshot.redis.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import io.earshot.redis.link.Node;
import io.lettuce.core.RedisURI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The host by which a server connects to a node of a Redis Cluster. */
final class AddressTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          rediss://h:1,h:2                 | one.example | one.example
          rediss://h:1,h:2                 | ''          | 10.0.0.1
          rediss://h:1,h:2?verifyPeer=CA   | one.example | 10.0.0.1
          rediss://h:1,h:2?verifyPeer=NONE | one.example | 10.0.0.1
          redis://h:1,h:2                  | one.example | 10.0.0.1
          """)
  void a_node_is_connected_to_by_its_name_if_the_name_is_verified(
      String url, String hostname, String host) {
    Address address = Address.of(Config.defaults().with("redis.url", url).redis());
    RedisURI uri = address.uri(new Node("a1", "10.0.0.1", 7000, hostname));
    assertThat(uri.getHost()).isEqualTo(host);
    assertThat(uri.getPort()).isEqualTo(7000);
    assertThat(uri.isSsl()).isEqualTo(url.startsWith("rediss:"));
    assertThat(uri.getVerifyMode()).isEqualTo(address.uris().getFirst().getVerifyMode());
  }
}
