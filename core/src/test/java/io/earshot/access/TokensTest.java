package io.earshot.access;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.config.TokenKeys;
import io.earshot.testing.TestServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens made by this server, tokens made by other libraries (RFC 7519), and invalid ones. */
final class TokensTest {
  private static final String SECRET = "0123456789abcdef0123456789abcdef";
  private static final Instant NOW = TestServer.NOW;
  private static final Grant GRANT =
      new Grant(
          "attic", "ada", Set.of(Permission.JOIN, Permission.SAY), NOW.plus(Duration.ofHours(1)));

  private final Tokens tokens = new Tokens(new TokenKeys(List.of("k1 HS256 " + SECRET), ""));

  private static String base64(byte... bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** A token as another library makes it. */
  private static String signed(String secret, String header, String claims) {
    String text = base64(header.getBytes(UTF_8)) + "." + base64(claims.getBytes(UTF_8));
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
      return text + "." + base64(mac.doFinal(text.getBytes(UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String claims(String more) {
    return "{\"room\":\"attic\",\"sub\":\"ada\",\"can\":[\"join\"],\"exp\":"
        + NOW.plusSeconds(60).getEpochSecond()
        + more
        + "}";
  }

  private static void assertNoGood(Tokens tokens, String token) {
    assertThatThrownBy(() -> tokens.check(token, NOW))
        .isInstanceOf(RefusedException.class)
        .hasMessage("Error: this token is not valid");
  }

  @Test
  void a_token_of_this_server_is_accepted() throws Exception {
    assertThat(tokens.check(tokens.mint(GRANT), NOW)).isEqualTo(GRANT);
  }

  @Test
  void a_token_of_another_library_is_accepted() throws Exception {
    String token = signed(SECRET, "{\"typ\":\"JWT\",\"alg\":\"HS256\",\"kid\":\"k1\"}", claims(""));
    assertThat(tokens.check(token, NOW))
        .isEqualTo(new Grant("attic", "ada", Set.of(Permission.JOIN), NOW.plusSeconds(60)));
  }

  @Test
  void a_token_with_any_character_changed_is_refused() {
    String token = tokens.mint(GRANT);
    for (int i = 0; i < token.length(); i++) {
      char[] changed = token.toCharArray();
      changed[i] = changed[i] == 'B' ? 'C' : 'B';
      String other = new String(changed);
      // The last character of a part has unused bits.
      boolean isLastOfPart = i + 1 == token.length() || token.charAt(i + 1) == '.';
      if (!isLastOfPart) {
        assertNoGood(tokens, other);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"alg\":\"none\",\"kid\":\"k1\"}",
        "{\"alg\":\"hs256\",\"kid\":\"k1\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"k1\"}",
        "{\"alg\":\"HS256\"}",
        "{\"alg\":\"HS256\",\"kid\":\"k2\"}",
        "{\"alg\":\"HS256\",\"kid\":[\"k1\"]}",
        "{\"alg\":\"HS256\",\"kid\":\"k1\",\"crit\":[\"b64\"]}",
        "[]",
        "",
        "{"
      })
  void a_token_with_another_header_is_refused(String header) {
    assertNoGood(tokens, signed(SECRET, header, claims("")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "null",
        "{\"room\":\"attic\",\"sub\":\"ada\",\"can\":[\"join\"]}",
        "{\"room\":\"attic\",\"sub\":\"ada\",\"can\":[\"join\"],\"exp\":\"9999999999\"}",
        "{\"room\":\"attic\",\"sub\":\"ada\",\"can\":[],\"exp\":9999999999}",
        "{\"room\":\"attic\",\"sub\":\"ada\",\"can\":\"join\",\"exp\":9999999999}",
        "{\"room\":\"attic\",\"sub\":\"ada\",\"can\":[\"rule\"],\"exp\":9999999999}",
        "{\"room\":\"attic\",\"sub\":\"ada\",\"can\":[null],\"exp\":9999999999}",
        "{\"room\":7,\"sub\":\"ada\",\"can\":[\"join\"],\"exp\":9999999999}",
        "{\"room\":\"\",\"sub\":\"ada\",\"can\":[\"join\"],\"exp\":9999999999}",
        "{\"room\":\"attic\",\"can\":[\"join\"],\"exp\":9999999999}"
      })
  void a_token_without_the_required_claims_is_refused(String claims) {
    assertNoGood(tokens, signed(SECRET, "{\"alg\":\"HS256\",\"kid\":\"k1\"}", claims));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "====.====.===="})
  void a_text_that_is_not_a_token_is_refused(String token) {
    assertNoGood(tokens, token);
  }

  @Test
  void a_huge_token_is_refused() {
    assertNoGood(tokens, "a".repeat(5_000_000));
  }

  @Test
  void an_expiry_beyond_the_latest_time_counts_as_the_latest_time() throws Exception {
    String token =
        signed(
            SECRET,
            "{\"alg\":\"HS256\",\"kid\":\"k1\"}",
            "{\"room\":\"attic\",\"sub\":\"ada\",\"can\":[\"join\"],\"exp\":1e300}");
    assertThat(tokens.check(token, NOW).until()).isAfter(NOW);
  }

  @Test
  void a_token_is_valid_until_it_expires_and_not_before_it_begins() throws Exception {
    String token =
        signed(
            SECRET,
            "{\"alg\":\"HS256\",\"kid\":\"k1\"}",
            claims(",\"nbf\":" + NOW.getEpochSecond()));
    assertThat(tokens.check(token, NOW.plusSeconds(59)).identity()).isEqualTo("ada");
    assertThatThrownBy(() -> tokens.check(token, NOW.plusSeconds(60)))
        .hasMessage("Error: this token has expired");
    assertThatThrownBy(() -> tokens.check(token, NOW.minusSeconds(1)))
        .hasMessage("Error: this token is not valid yet");
  }

  @Test
  void keys_can_be_changed_one_after_the_other() throws Exception {
    String old = tokens.mint(GRANT);
    var both =
        new Tokens(new TokenKeys(List.of("k2 HS256 " + SECRET + "2", "k1 HS256 " + SECRET), ""));
    var newer = new Tokens(new TokenKeys(List.of("k2 HS256 " + SECRET + "2"), ""));
    assertThat(both.check(old, NOW)).isEqualTo(GRANT);
    assertThat(newer.check(both.mint(GRANT), NOW)).isEqualTo(GRANT);
    assertNoGood(newer, old);
  }

  @Test
  void without_keys_the_key_is_derived_from_the_cookie_secret() throws Exception {
    String token = new Tokens(new TokenKeys(List.of(), SECRET)).mint(GRANT);
    assertThat(new Tokens(new TokenKeys(List.of(), SECRET)).check(token, NOW)).isEqualTo(GRANT);
    assertNoGood(new Tokens(new TokenKeys(List.of(), SECRET + "x")), token);
    // A short secret could be found by trying, so no key is derived from it.
    assertNoGood(
        new Tokens(new TokenKeys(List.of(), "short")),
        new Tokens(new TokenKeys(List.of(), "short")).mint(GRANT));
    assertNoGood(new Tokens(new TokenKeys(List.of(), "")), token);
    assertNoGood(
        new Tokens(new TokenKeys(List.of(), "")),
        new Tokens(new TokenKeys(List.of(), "")).mint(GRANT));
  }

  // --- key pairs -------------------------------------------------------------------------------

  private static String pem(String kind, Key key) {
    return "-----BEGIN "
        + kind
        + " KEY-----\n"
        + Base64.getMimeEncoder().encodeToString(key.getEncoded())
        + "\n-----END "
        + kind
        + " KEY-----\n";
  }

  private static Path file(Path folder, String name, String... pems) throws IOException {
    return Files.writeString(folder.resolve(name), String.join("", pems));
  }

  @Test
  void a_public_key_verifies_and_a_key_pair_signs(@TempDir Path folder) throws Exception {
    KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    Path whole =
        file(
            folder, "both.pem", pem("PRIVATE", pair.getPrivate()), pem("PUBLIC", pair.getPublic()));
    Path half = file(folder, "public.pem", pem("PUBLIC", pair.getPublic()));
    String token = new Tokens(new TokenKeys(List.of("e1 EdDSA " + whole), "")).mint(GRANT);
    var checker = new Tokens(new TokenKeys(List.of("e1 EdDSA " + half), ""));
    assertThat(checker.check(token, NOW)).isEqualTo(GRANT);
    assertNoGood(checker, token.substring(0, token.length() - 8) + "AAAAAAAA");
    assertThatThrownBy(() -> checker.mint(GRANT)).hasMessageContaining("only a public key");
    // The public key is not secret: a token that is signed with it as an HMAC secret is refused.
    assertNoGood(
        checker, signed(Files.readString(half), "{\"alg\":\"HS256\",\"kid\":\"e1\"}", claims("")));
    // The next key signs if the first cannot.
    var both = new Tokens(new TokenKeys(List.of("e1 EdDSA " + half, "k1 HS256 " + SECRET), ""));
    assertThat(tokens.check(both.mint(GRANT), NOW)).isEqualTo(GRANT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          k1                          | a key has an id, a kind, and a value
          k1 HS256                    | a key has an id, a kind, and a value
          k:1 HS256 0123456789        | a key has an id, a kind, and a value
          k1 HS256 short              | the secret of k1 is too short
          k1 RS256 whatever           | the kind of k1 is neither HS256 nor EdDSA
          k1 EdDSA /no/such/file.pem  | /no/such/file.pem cannot be used
          """)
  void a_malformed_key_is_refused_with_the_reason_and_without_the_key(String line, String why) {
    assertThatThrownBy(() -> new Tokens(new TokenKeys(List.of(line), "")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why)
        .hasMessageContaining("tokens.keys")
        .message()
        .doesNotContain("0123456789");
  }

  @Test
  void two_keys_with_one_id_are_refused() {
    List<String> twice = Arrays.asList("k1 HS256 " + SECRET, "k1 HS256 " + SECRET + "2");
    assertThatThrownBy(() -> new Tokens(new TokenKeys(twice, "")))
        .hasMessageContaining("two keys have the id k1");
  }
}
