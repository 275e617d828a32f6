package io.earshot.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class UserTest {
  @Test
  void a_user_has_an_id_a_name_and_more() {
    User ada = User.of("ada", "Ada L.", Map.of("id", Json.of("eve"), "avatar", Json.of("/a.png")));
    assertThat(new String(ada.json().encode(), UTF_8))
        .isEqualTo("{\"id\":\"ada\",\"name\":\"Ada L.\",\"avatar\":\"/a.png\"}");
    assertThat(User.of(ada.json())).isEqualTo(ada);
    User nameless = User.of("bob", null, Map.of("name", Json.of("Ada")));
    assertThat(nameless.json().get("name")).isNull();
    assertThat(User.of(nameless.json())).isEqualTo(nameless);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a\nb", "a\u0000", "a\u202Eb", "\u200Fa", "a\u2066", "\uD800"})
  void names_that_could_mislead_are_refused(String name) {
    assertThatThrownBy(() -> User.of("ada", name, Map.of())).hasMessageContaining("user's name");
    assertThatThrownBy(() -> User.of(name, null, Map.of())).hasMessageContaining("user's id");
  }

  @Test
  void names_and_the_whole_have_a_greatest_length() {
    assertThatThrownBy(() -> User.of("a".repeat(129), null, Map.of()))
        .hasMessageContaining("1 to 128 characters");
    assertThatThrownBy(() -> User.of("a", "ü".repeat(10_000), Map.of()))
        .hasMessageContaining("1 to 128 characters");
    assertThatThrownBy(() -> User.of("a", null, Map.of("info", Json.of("b".repeat(3_000)))))
        .hasMessageContaining("at most 2048 bytes");
    assertThatThrownBy(() -> User.of(new Json.Obj(Map.of()))).hasMessageContaining("has an id");
  }
}
