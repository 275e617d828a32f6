package io.earshot.examples;

import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.oauth2.jwt.JwtClaimsSet;
import org.springframework.security.oauth2.jwt.JwtEncoder;
import org.springframework.security.oauth2.jwt.JwtEncoderParameters;
import org.springframework.security.oauth2.jwt.NimbusJwtEncoder;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Gives a token of ten minutes to whoever has logged in to the application. */
@RestController
final class ChatTokens {
  private final RSAKey key;
  private final JwtEncoder encoder;

  /**
   * Takes a key with an id, made once: {@code new RSAKeyGenerator(2048).keyID("app").generate()}.
   */
  ChatTokens(RSAKey key) {
    this.key = key;
    this.encoder = new NimbusJwtEncoder(new ImmutableJWKSet<>(new JWKSet(key)));
  }

  @GetMapping("/chat-token")
  String token(@AuthenticationPrincipal UserDetails user) {
    var claims =
        JwtClaimsSet.builder()
            .subject(user.getUsername())
            .issuer("my-app")
            .expiresAt(Instant.now().plus(Duration.ofMinutes(10)))
            .build();
    return encoder.encode(JwtEncoderParameters.from(claims)).getTokenValue();
  }

  @GetMapping("/jwks.json")
  Map<String, Object> keys() {
    return new JWKSet(key).toJSONObject(); // without what is private
  }
}
