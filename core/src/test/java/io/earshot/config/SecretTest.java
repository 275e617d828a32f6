package io.earshot.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Config;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SecretTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          jdbc:postgresql://h/app                            | jdbc:postgresql://h/app
          jdbc:postgresql://h/app?user=u@h&ssl=true          | jdbc:postgresql://h/app?user=u@h&ssl=true
          jdbc:postgresql://h/app?password=hunter2           | jdbc:postgresql://h/app?password=***
          jdbc:postgresql://h/app?password=h@unter2&ssl=true | jdbc:postgresql://h/app?password=***&ssl=true
          jdbc:postgresql:app?user=u&sslpassword=hunter2     | jdbc:postgresql:app?user=u&sslpassword=***
          jdbc:postgresql://u:hunter2@h/app                  | jdbc:postgresql://***@h/app
          """)
  void passwords_in_the_address_of_a_database_are_not_shown(String url, String shown) {
    assertThat(Secret.PARAMETER.masked(url)).isEqualTo(shown);
    assertThat(Secret.PARAMETER.isMask(shown)).isEqualTo(!shown.equals(url));
    Config config = Config.defaults().with("postgres.url", url);
    assertThat(config.toString()).contains(shown).doesNotContain("unter2");
  }
}
