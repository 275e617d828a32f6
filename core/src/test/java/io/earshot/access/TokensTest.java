package io.earshot.access;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Config;
import io.earshot.Grant;
import io.earshot.Permission;
import io.earshot.RefusedException;
import io.earshot.config.ServerSecret;
import io.earshot.testing.TestServer;
import io.earshot.token.TokenKeys;
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
import java.util.Objects;
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
        .hasMessageStartingWith("Error: this token is ");
  }

  private static void assertRefused(Tokens tokens, String token, String why) {
    assertThatThrownBy(() -> tokens.check(token, NOW)).hasMessage("Error: this token " + why);
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
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"alg":"none","kid":"k1"}                  | is not valid: it is not a signed JWT
          {"alg":"hs256","kid":"k1"}                 | is not valid: its algorithm is "hs256", and the key "k1" is for HS256
          {"alg":"EdDSA","kid":"k1"}                 | is not valid: its algorithm is "EdDSA", and the key "k1" is for HS256
          {"alg":"RS256"}                            | is not valid: it names no key, and no key is for "RS256"
          {"alg":"HS256","kid":"k2"}                 | is signed with the unknown key "k2"
          {"alg":"HS256","kid":["k1"]}               | is not valid: it is not a signed JWT
          {"alg":"HS256","kid":"k1","crit":["b64"]}  | is not valid: it needs an extension that this server does not have (crit)
          {"alg":"dir","enc":"A128GCM"}              | is not valid: it is not a signed JWT
          []                                         | is not valid: it is not a signed JWT
          {                                          | is not valid: it is not a signed JWT
          """)
  void a_token_with_another_header_is_refused(String header, String why) {
    assertRefused(tokens, signed(SECRET, header, claims("")), why);
  }

  @Test
  void a_token_without_a_signature_is_refused() {
    String header = base64("{\"alg\":\"none\"}".getBytes(UTF_8));
    assertRefused(
        tokens,
        header + "." + base64(claims("").getBytes(UTF_8)) + ".",
        "is not valid: it is not signed (alg: none)");
  }

  @Test
  void a_token_that_names_no_key_is_tried_with_the_keys_of_its_algorithm() throws Exception {
    String token = signed(SECRET, "{\"alg\":\"HS256\"}", claims(""));
    assertThat(tokens.check(token, NOW).identity()).isEqualTo("ada");
    assertRefused(
        tokens,
        signed(SECRET + "2", "{\"alg\":\"HS256\"}", claims("")),
        "is not valid: its signature is not by the key \"k1\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"sub":"ada","exp":9999999999}  | is a login; a token for a room has the claims room and can
          []    | is not valid: its claims are not a JSON object
          null  | is not valid: its claims are not a JSON object
          {"room":"attic","sub":"ada","can":["join"]}                      | is not valid: it has no claim exp
          {"room":"attic","sub":"ada","can":["join"],"exp":"9999999999"}   | is not valid: its claim exp is not a number
          {"room":"attic","sub":"ada","can":[],"exp":9999999999}           | is not valid: a token must be for a room and allow something there
          {"room":"attic","sub":"ada","can":"join","exp":9999999999}       | is not valid: a token must be for a room and allow something there
          {"room":"attic","sub":"ada","can":["rule"],"exp":9999999999}     | is not valid: its claim can lists join, say and listen
          {"room":"attic","sub":"ada","can":[null],"exp":9999999999}       | is not valid: its claim can lists join, say and listen
          {"room":7,"sub":"ada","can":["join"],"exp":9999999999}           | is not valid: its claims room and sub must be texts
          {"room":"","sub":"ada","can":["join"],"exp":9999999999}          | is not valid: a token must be for a room and allow something there
          {"room":"attic","can":["join"],"exp":9999999999}                 | is not valid: it has no claim sub
          """)
  void a_token_without_the_required_claims_is_refused(String claims, String why) {
    assertRefused(tokens, signed(SECRET, "{\"alg\":\"HS256\",\"kid\":\"k1\"}", claims), why);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "====.====.===="})
  void a_text_that_is_not_a_token_is_refused(String token) {
    assertNoGood(tokens, token);
  }

  @Test
  void a_huge_token_is_refused() {
    assertRefused(
        tokens,
        "a".repeat(5_000_000),
        "is not valid: it has 5000000 characters, and at most 8192 are read");
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
        .hasMessage("Error: this token expired 0 s ago");
    assertThatThrownBy(() -> tokens.check(token, NOW.plusSeconds(63)))
        .hasMessage("Error: this token expired 3 s ago");
    assertThatThrownBy(() -> tokens.check(token, NOW.plus(Duration.ofDays(3))))
        .hasMessage("Error: this token expired 2 days ago");
    assertThatThrownBy(() -> tokens.check(token, NOW.minusSeconds(1)))
        .hasMessage("Error: this token is not valid before " + NOW);
  }

  @Test
  void the_clock_of_who_made_a_token_may_be_ahead_by_the_leeway() throws Exception {
    String secret = "k1 HS256 " + SECRET;
    Tokens lenient = Tokens.of(Config.defaults().with("tokens.keys", List.of(secret)));
    String token =
        signed(
            SECRET,
            "{\"alg\":\"HS256\",\"kid\":\"k1\"}",
            claims(",\"nbf\":" + NOW.getEpochSecond()));
    assertThat(lenient.check(token, NOW.minusSeconds(2)).identity()).isEqualTo("ada");
    assertThat(lenient.check(token, NOW.minusSeconds(5)).identity()).isEqualTo("ada");
    assertThatThrownBy(() -> lenient.check(token, NOW.minusSeconds(6)))
        .hasMessage("Error: this token is not valid before " + NOW);
    assertThatThrownBy(() -> lenient.check(token, NOW.plusSeconds(60)))
        .hasMessage("Error: this token expired 0 s ago");
    Tokens strict =
        Tokens.of(
            Config.defaults().with("tokens.keys", List.of(secret)).with("tokens.leeway", "0"));
    assertThatThrownBy(() -> strict.check(token, NOW.minusSeconds(2)))
        .hasMessage("Error: this token is not valid before " + NOW);
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
  void servers_that_share_a_random_secret_accept_each_others_tokens_and_sessions()
      throws RefusedException {
    for (String configured : List.of("", "short")) {
      var one = new ServerSecret(configured);
      var other = new ServerSecret(configured);
      Config config = Config.defaults();
      Tokens here = Tokens.of(config, one);
      Tokens there = Tokens.of(config, other);
      String before = here.mint(GRANT);
      String session = new SessionTokens(one).token(1, 2, 3);
      assertNoGood(there, before);
      String shared = Objects.requireNonNull(other.toShare());
      one.share(shared);
      one.share(shared);
      assertThat(there.check(here.mint(GRANT), NOW)).isEqualTo(GRANT);
      assertThat(here.check(there.mint(GRANT), NOW)).isEqualTo(GRANT);
      // What was signed before is valid here.
      assertThat(here.check(before, NOW)).isEqualTo(GRANT);
      assertNoGood(there, before);
      var id = new SessionTokens.Session("00000000000000010000000000000002", 3);
      assertThat(new SessionTokens(one).session(session)).isEqualTo(id);
      assertThat(new SessionTokens(other).session(new SessionTokens(one).token(1, 2, 3)))
          .isEqualTo(id);
    }
  }

  @Test
  void a_configured_secret_is_not_shared_and_not_replaced() {
    var secret = new ServerSecret(SECRET);
    assertThat(secret.toShare()).isNull();
    secret.share("another");
    assertThat(secret.all()).containsExactly(SECRET);
    assertThat(secret.allLong()).containsExactly(SECRET);
    // A short one signs cookies and sessions; tokens need a longer one.
    var shorter = new ServerSecret("short");
    shorter.share("another");
    assertThat(shorter.all()).containsExactly("short");
    assertThat(shorter.allLong().getFirst()).isEqualTo("another");
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

  @ParameterizedTest
  @CsvSource({"EdDSA, Ed25519, 255", "RS256, RSA, 2048", "ES256, EC, 256"})
  void a_public_key_verifies_and_a_key_pair_signs(
      String kind, String algorithm, int size, @TempDir Path folder) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    generator.initialize(size);
    KeyPair pair = generator.generateKeyPair();
    Path whole =
        file(
            folder, "both.pem", pem("PRIVATE", pair.getPrivate()), pem("PUBLIC", pair.getPublic()));
    Path half = file(folder, "public.pem", pem("PUBLIC", pair.getPublic()));
    String token = new Tokens(new TokenKeys(List.of("e1 " + kind + " " + whole), "")).mint(GRANT);
    var checker = new Tokens(new TokenKeys(List.of("e1 " + kind + " " + half), ""));
    assertThat(checker.check(token, NOW)).isEqualTo(GRANT);
    assertNoGood(checker, token.substring(0, token.length() - 8) + "AAAAAAAA");
    assertThatThrownBy(() -> checker.mint(GRANT)).hasMessageContaining("only a public key");
    // The public key is not secret: a token that is signed with it as an HMAC secret is refused.
    assertRefused(
        checker,
        signed(Files.readString(half), "{\"alg\":\"HS256\",\"kid\":\"e1\"}", claims("")),
        "is not valid: its algorithm is \"HS256\", and the key \"e1\" is for " + kind);
    // The next key signs if the first cannot.
    var both =
        new Tokens(new TokenKeys(List.of("e1 " + kind + " " + half, "k1 HS256 " + SECRET), ""));
    assertThat(tokens.check(both.mint(GRANT), NOW)).isEqualTo(GRANT);
  }

  @ParameterizedTest
  @CsvSource({"RS256, RSA, 1024, at least 2048 bits", "ES256, EC, 384, the curve P-256"})
  void a_key_that_does_not_fit_its_kind_is_refused(
      String kind, String algorithm, int size, String why, @TempDir Path folder) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    generator.initialize(size);
    Path key = file(folder, "key.pem", pem("PUBLIC", generator.generateKeyPair().getPublic()));
    assertThatThrownBy(() -> new TokenKeys(List.of("k " + kind + " " + key), ""))
        .hasMessageContaining(why);
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
          k1 PS256 whatever           | the kind of k1 is none of HS256, RS256, ES256 and EdDSA
          k1 RS256 /no/such/file.pem  | /no/such/file.pem cannot be used
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
