package io.earshot.spring;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.earshot.Action;
import io.earshot.Hooks;
import io.earshot.RefusedException;
import io.earshot.token.TokenKeys;
import java.util.List;
import java.util.Map;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

/** An application with users who log in by a password or by a token. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
class Application {
  private static final String KEY = "a key of the application, for its tests alone";

  /** The end of the year 9999, in seconds since 1970. */
  private static final long LATEST = 253_402_300_799L;

  /** A token that the application accepts. */
  static String token(String user) {
    return new TokenKeys(List.of("app HS256 " + KEY), "")
        .sign(Map.of("sub", user, "name", "The token of " + user, "exp", LATEST));
  }

  @Bean
  Action whoAmI() {
    return Action.of(
        "whoAmI",
        call -> {
          call.put("isVirtual", Thread.currentThread().isVirtual());
          call.put("attributes", call.connection().attributes());
        });
  }

  @Bean
  @InRooms("polite.*")
  Hooks.SayHook noShouting() {
    return say -> {
      if (String.valueOf(say.message().asText()).endsWith("!")) {
        throw new RefusedException("do not shout");
      }
      return say.message();
    };
  }

  @Bean
  JwtDecoder jwtDecoder() {
    return NimbusJwtDecoder.withSecretKey(new SecretKeySpec(KEY.getBytes(UTF_8), "HmacSHA256"))
        .build();
  }

  @Bean
  UserDetailsService people() {
    return new InMemoryUserDetailsManager(
        User.withUsername("ada").password("{noop}lovelace").authorities("staff").build(),
        User.withUsername("bob").password("{noop}babbage").authorities("guest").build());
  }

  @Bean
  SecurityFilterChain security(HttpSecurity http) {
    return http.authorizeHttpRequests(
            all ->
                all.requestMatchers("/actuator/**", "/earshot.js")
                    .permitAll()
                    .anyRequest()
                    .authenticated())
        .formLogin(Customizer.withDefaults())
        .csrf(AbstractHttpConfigurer::disable)
        .build();
  }
}
