package io.earshot.spring.login;

import io.earshot.Api;
import io.earshot.protocol.User;
import io.earshot.spring.EarshotAutoConfiguration;
import io.earshot.spring.EarshotLifecycle;
import jakarta.servlet.http.HttpSessionListener;
import java.util.Map;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnSingleCandidate;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.jwt.JwtDecoder;

/** Logins by Spring Security: by the session of a cookie, or by the application's JwtDecoder. */
@AutoConfiguration(
    after = EarshotAutoConfiguration.class,
    afterName = {
      "org.springframework.boot.security.oauth2.server.resource.autoconfigure.servlet.OAuth2ResourceServerAutoConfiguration",
      "org.springframework.boot.autoconfigure.security.oauth2.resource.servlet.OAuth2ResourceServerAutoConfiguration"
    })
@ConditionalOnBean(EarshotLifecycle.class)
@ConditionalOnProperty(name = "earshot.logins", matchIfMissing = true)
public final class EarshotSecurityAutoConfiguration {
  /** Called by Spring. */
  public EarshotSecurityAutoConfiguration() {}

  /** Loaded only where the application has the classes. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass({Authentication.class, HttpSessionListener.class})
  @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
  static class ForSessions {
    @Bean
    Sessions earshotSessions(ObjectProvider<Api> api) {
      return new Sessions(
          connection ->
              api.getObject()
                  .connection(connection)
                  .ifPresent(each -> each.close("your session has ended: log in again")));
    }

    @Bean
    SessionLogin earshotSessionLogin(
        Sessions sessions,
        Api api,
        ObjectProvider<UserOfPrincipal> users,
        @Value("${server.servlet.session.cookie.name:JSESSIONID}") String cookie) {
      UserOfPrincipal mapping =
          users.getIfAvailable(
              () -> principal -> User.of(principal.getName(), principal.getName(), Map.of()));
      return new SessionLogin(sessions, cookie, mapping, api);
    }
  }

  /** Loaded only where the application has the classes. */
  @Configuration(proxyBeanMethods = false)
  @ConditionalOnClass(JwtDecoder.class)
  static class ForTokens {
    @Bean
    @ConditionalOnSingleCandidate(JwtDecoder.class)
    TokenLogin earshotTokenLogin(JwtDecoder decoder) {
      return new TokenLogin(decoder);
    }
  }
}
