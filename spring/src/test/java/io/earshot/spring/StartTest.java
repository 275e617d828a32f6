package io.earshot.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.earshot.Action;
import io.earshot.Api;
import io.earshot.Config;
import io.earshot.Hooks;
import io.earshot.PlugIn;
import io.earshot.netty.EarshotServer;
import io.earshot.spring.login.EarshotSecurityAutoConfiguration;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtDecoder;

/** How an application without a web server starts, and what it says if it cannot. */
class StartTest {
  private final ApplicationContextRunner application =
      new ApplicationContextRunner()
          .withConfiguration(
              AutoConfigurations.of(
                  EarshotAutoConfiguration.class,
                  EarshotActuatorAutoConfiguration.class,
                  EarshotSecurityAutoConfiguration.class))
          .withPropertyValues(
              "earshot.tcp-server.port=0",
              "earshot.http-server.port=0",
              "earshot.general.event-loops=1");

  private @Nullable String sentence(String... properties) {
    var sentence = new String[1];
    application
        .withPropertyValues(properties)
        .run(
            context -> {
              Throwable failure = context.getStartupFailure();
              var analysis = failure == null ? null : new StartFailures().analyze(failure);
              sentence[0] = analysis == null ? String.valueOf(failure) : analysis.getDescription();
            });
    return sentence[0];
  }

  @Configuration(proxyBeanMethods = false)
  static class WithPlugIn {
    @Bean
    PlugIn news() {
      return api -> api.actions().add(Action.of("news", call -> call.put("news", "none")));
    }
  }

  @Test
  void properties_have_the_forms_of_spring_and_of_earshot() {
    application
        .withUserConfiguration(WithPlugIn.class)
        .withPropertyValues(
            "earshot.tcpServer.bindIP=127.0.0.1",
            "earshot.web-sockets.ping-interval=PT20S",
            "earshot.web-sockets.idle-timeout=50s",
            "earshot.rooms.rules[0]=staff.* join=nobody",
            "earshot.rooms.rules[1]=news.* say=nobody",
            "earshot.common-web.http-client-message-ttl=1m",
            "earshot.general.simultaneous-actions=7")
        .run(
            context -> {
              Config config = context.getBean(Api.class).configData();
              assertThat(config.tcpServer().bindIP()).isEqualTo("127.0.0.1");
              assertThat(config.webSockets().pingInterval()).isEqualTo(Duration.ofSeconds(20));
              assertThat(config.webSockets().idleTimeout()).isEqualTo(Duration.ofSeconds(50));
              assertThat(config.rooms().rules())
                  .isEqualTo(List.of("staff.* join=nobody", "news.* say=nobody"));
              assertThat(config.commonWeb().httpClientMessageTTL()).contains(Duration.ofMinutes(1));
              assertThat(config.general().simultaniousActions()).isEqualTo(7);
              assertThat(context.getBean(Api.class).actions().find("news")).isPresent();
            });
  }

  @Test
  void the_ports_of_the_server_are_properties() {
    application.run(
        context ->
            assertThat(context.getEnvironment().getProperty("local.earshot.http.port", int.class))
                .isEqualTo(context.getBean(EarshotLifecycle.class).get().httpPort()));
  }

  @Test
  void libraries_that_the_application_does_not_have_are_not_missed() {
    application
        .withClassLoader(
            new FilteredClassLoader(
                "org.springframework.security",
                "io.micrometer",
                "jakarta.servlet",
                "org.springframework.boot.health",
                "io.earshot.metrics"))
        .run(context -> assertThat(context).hasNotFailed().hasSingleBean(Api.class));
  }

  @Configuration(proxyBeanMethods = false)
  static class WithTwoDecoders {
    @Bean
    JwtDecoder staff() {
      return token -> {
        throw new BadJwtException("none");
      };
    }

    @Bean
    JwtDecoder customers() {
      return staff();
    }
  }

  @Test
  void of_several_decoders_none_is_chosen_unless_one_is_primary() {
    application
        .withUserConfiguration(WithTwoDecoders.class)
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(Hooks.LoginHook.class));
  }

  @Test
  void an_application_can_leave_the_server_out() {
    application
        .withPropertyValues("earshot.enabled=false")
        .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(Api.class));
  }

  @Test
  void a_property_that_does_not_exist_ends_the_start_and_names_the_nearest() {
    assertThat(sentence("earshot.tcp-server.prot=5001"))
        .isEqualTo(
            "Earshot cannot start: the property earshot.tcp-server.prot is not known: there is no"
                + " setting 'tcpServer.prot'; the nearest is 'tcpServer.port'");
    assertThat(sentence("earshot.tcp-server=5001")).contains("earshot.tcp-server");
  }

  @Test
  void a_value_that_does_not_fit_ends_the_start() {
    assertThat(sentence("earshot.tcp-server.port=many"))
        .isEqualTo(
            "Earshot cannot start: the property earshot.tcp-server.port: tcpServer.port must be a"
                + " whole number, not 'many'");
    assertThat(sentence("earshot.http-server.secure=true")).contains("httpServer.certFile");
  }

  @Test
  void a_port_that_is_taken_ends_the_start() throws IOException {
    try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(
              sentence(
                  "earshot.tcp-server.bind-ip=127.0.0.1",
                  "earshot.tcp-server.port=" + taken.getLocalPort()))
          .contains(String.valueOf(taken.getLocalPort()), "set earshot.tcp-server.port");
    }
  }

  @Test
  void a_netty_that_is_too_old_ends_the_start_with_what_to_set() {
    var versions = new TreeMap<String, List<String>>();
    versions.put("4.2.19.Final", List.of("netty-codec-base"));
    assertThat(NettyVersions.whatIsWrong(versions)).isEmpty();
    versions.put("4.1.135.Final", List.of("netty-handler", "netty-common"));
    assertThat(NettyVersions.whatIsWrong(versions))
        .startsWith(
            "Earshot needs Netty "
                + NettyVersions.OLDEST
                + " or newer, and the class path has netty-common 4.1.135.Final: set netty.version"
                + " to 4.2.")
        .contains("<netty.version>" + NettyVersions.BEST + "</netty.version>");
  }

  @Test
  void the_versions_of_netty_are_those_of_the_build_and_of_the_page() throws IOException {
    Path root = Path.of(System.getProperty("earshot.root", ".."));
    assertThat(root.resolve("pom.xml"))
        .content()
        .contains("<netty.version>" + NettyVersions.BEST + "</netty.version>");
    assertThat(root.resolve("docs/spring.md"))
        .content()
        .contains(
            "Earshot needs Netty " + NettyVersions.OLDEST,
            "set netty.version to " + NettyVersions.BEST);
  }

  @Test
  void a_bean_that_is_used_before_the_start_says_when_it_can_be() {
    var lifecycle = new EarshotLifecycle(Config.defaults(), api -> {}, List.of(), mock());
    assertThat(
            Objects.requireNonNull(
                    org.assertj.core.api.Assertions.catchThrowable(
                        () -> new CurrentApi(lifecycle).hooks()))
                .getMessage())
        .contains("use a bean of type PlugIn");
  }

  private static org.springframework.core.env.Environment mock() {
    return new org.springframework.core.env.StandardEnvironment();
  }

  /** Fails when the server is about to stop. */
  static final class Failing implements ServerListener {
    @Override
    public void started(EarshotServer server) {}

    @Override
    public void stopping() {
      throw new IllegalStateException("planted");
    }
  }

  @Test
  void a_listener_that_fails_does_not_keep_the_server_from_closing() {
    application
        .withBean(ServerListener.class, Failing::new)
        .run(
            context -> {
              var lifecycle = context.getBean(EarshotLifecycle.class);
              EarshotServer server = lifecycle.get();
              lifecycle.stop();
              assertThat(lifecycle.isRunning()).isFalse();
              var address =
                  new InetSocketAddress(InetAddress.getLoopbackAddress(), server.tcpPort());
              try (var socket = new Socket()) {
                assertThatThrownBy(() -> socket.connect(address, 5_000))
                    .isInstanceOf(ConnectException.class);
              }
            });
  }
}
