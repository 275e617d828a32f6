package io.earshot.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressLiteralTest {
  @ParameterizedTest
  @ValueSource(strings = {"192.0.2.1", "001.02.3.255", "2001:db8::1", "[::1]", "::ffff:192.0.2.1"})
  void addresses_are_read(String text) {
    assertThat(AddressLiteral.parse(text).getHostAddress()).isNotEmpty();
  }

  /** A refusal of the JDK would be the cause, after it has asked the name service. */
  @ParameterizedTest
  @ValueSource(strings = {"", "example.org", "1.2.3", "256.1.1.1", "0010.0010.0010.0010"})
  void names_and_wrong_numbers_are_not_asked_for(String text) {
    assertThatThrownBy(() -> AddressLiteral.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause();
  }
}
