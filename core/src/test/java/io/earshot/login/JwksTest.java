package io.earshot.login;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.action.TimedVirtualThreads;
import io.earshot.stats.Incidents;
import io.earshot.token.KeySet;
import io.earshot.token.TokenKeys;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When the keys of another issuer are fetched, by a clock that the test moves. */
final class JwksTest {
  private static final LoginHooks NO_HOOKS =
      new LoginHooks(Duration.ZERO, new TimedVirtualThreads(), () -> 0, new Incidents());

  private final Queue<Runnable> threads = new ArrayDeque<>();
  private long now;
  private int fetches;
  private String published = keys("a");
  private boolean isAway;
  private final Jwks jwks = new Jwks(this::fetch, "the address", threads::add, () -> now);

  private static String keys(String id) {
    return "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"%s\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"
        .formatted(id);
  }

  private KeySet fetch() {
    fetches++;
    if (isAway) {
      throw new IllegalStateException("away");
    }
    return KeySet.ofJwks(published);
  }

  private void work() {
    while (!threads.isEmpty()) {
      threads.remove().run();
    }
  }

  /** The keys that are known without a further fetch. */
  private static KeySet known(CompletableFuture<KeySet> refreshed) {
    assertThat(refreshed).isDone();
    return refreshed.join();
  }

  @Test
  void keys_are_fetched_once_and_again_when_they_are_old() {
    assertThat(jwks.now().ids()).isEmpty();
    assertThat(jwks.now().ids()).isEmpty();
    work();
    assertThat(jwks.now().ids()).containsExactly("a");
    now += Jwks.FRESH.toMillis() - 1;
    jwks.now();
    work();
    assertThat(fetches).isEqualTo(1);
    published = keys("b");
    now++;
    assertThat(jwks.now().ids()).containsExactly("a"); // while the newer ones come
    work();
    assertThat(jwks.now().ids()).containsExactly("b");
    assertThat(fetches).isEqualTo(2);
  }

  @Test
  void many_unknown_keys_cause_one_fetch_in_a_while() {
    CompletableFuture<KeySet> first = jwks.refreshed();
    assertThat(jwks.refreshed()).isSameAs(first).isNotDone();
    work();
    assertThat(known(first).ids()).containsExactly("a");
    published = keys("b");
    for (int i = 0; i < 1_000; i++) {
      assertThat(known(jwks.refreshed()).ids()).containsExactly("a");
    }
    assertThat(fetches).isEqualTo(1);
    now += Jwks.LEAST_INTERVAL.toMillis();
    CompletableFuture<KeySet> later = jwks.refreshed();
    work();
    assertThat(known(later).ids()).containsExactly("b");
  }

  @Test
  void the_last_keys_stay_while_the_address_is_away() {
    jwks.now();
    work();
    isAway = true;
    now += Jwks.FRESH.toMillis();
    for (int i = 0; i < 100; i++) {
      assertThat(jwks.now().ids()).containsExactly("a");
      work();
      now += 1_000;
    }
    assertThat(fetches).isEqualTo(1 + 34);
    isAway = false;
    now += Jwks.LEAST_INTERVAL.toMillis();
    jwks.now();
    work();
    int before = fetches;
    jwks.now();
    work();
    assertThat(fetches).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"alg":"none","kid":"a"}  | this token is not valid: it is not signed (alg: none)
          {"alg":"HS256","kid":"a"} | this token is not valid: its algorithm is "HS256", and the key "a" is for EdDSA
          {"alg":"HS256"}           | this token is not valid: its signature is not by the key "own"
          {"alg":"EdDSA","kid":"a"} | this token is not valid: its signature is not by the key "a"
          {"alg":"EdDSA","kid":"b"} | this token is signed with the unknown key "b"
          """)
  void a_token_that_is_forged_by_what_the_issuer_publishes_is_refused(String header, String why)
      throws Exception {
    jwks.now();
    work();
    String claims = "{\"sub\":\"ada\",\"exp\":9999999999}";
    String signed = base64(header.getBytes(UTF_8)) + "." + base64(claims.getBytes(UTF_8));
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(published.getBytes(UTF_8), "HmacSHA256"));
    var logins =
        new Logins(
            Config.defaults(),
            new TokenKeys(List.of(), ""),
            jwks,
            InstantSource.system(),
            NO_HOOKS);
    String signature = header.contains("none") ? "" : base64(mac.doFinal(signed.getBytes(UTF_8)));
    CompletableFuture<?> checked = logins.check(signed + "." + signature);
    work();
    assertThat(checked).isCompletedExceptionally();
    assertThatThrownBy(checked::join).hasMessageEndingWith("Error: " + why);
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  @Test
  void a_key_set_has_keys_that_can_be_used() {
    assertThatThrownBy(() -> KeySet.ofJwks("{}")).hasMessageContaining("not a JSON Web Key Set");
    assertThatThrownBy(() -> KeySet.ofJwks("[]")).hasMessageContaining("not a JSON Web Key Set");
    assertThatThrownBy(() -> KeySet.ofJwks("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"))
        .hasMessageContaining("0 keys");
    String encrypts = keys("a").replace("\"kid\"", "\"use\":\"enc\",\"kid\"");
    assertThatThrownBy(() -> KeySet.ofJwks(encrypts)).hasMessageContaining("0 keys");
    String other = keys("a").replace("\"kid\"", "\"alg\":\"ES256\",\"kid\"");
    assertThatThrownBy(() -> KeySet.ofJwks(other)).hasMessageContaining("0 keys");
  }
}
